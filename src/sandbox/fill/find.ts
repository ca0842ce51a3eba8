// Finds values of a kind in a text: emails, dates, prices, names, places. In the order in which they stand there.

export type Kind =
  | 'email'
  | 'url'
  | 'phone'
  | 'date'
  | 'time'
  | 'money'
  | 'percent'
  | 'number'
  | 'quantity'
  | 'year'
  | 'identifier'
  | 'currency'
  | 'person'
  | 'company'
  | 'place'
  | 'quoted';

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const MONTH = String.raw`(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)`;
const DATE = String.raw`\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}(?:st|nd|rd|th)?(?: of)? ${MONTH}\.?,? \d{4}\b|\b${MONTH}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b`;
const NAME = String.raw`\p{Lu}[\p{L}'’-]{1,30}`;
const NOT_NAMES =
  /^(?:the|a|an|please|extract|return|order|invoice|dear|hello|hi|contact|call|email|from|to|on|in|at|my|his|her|our|their|this|that|what|who|when|where|how|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|total|date|name|text|json|find|get|show|book|weather|schedule|send|and|or|for|with|if|is|it|we|i|you|he|she|they|mr|mrs|ms|dr)$/i;

const PATTERNS: Readonly<Record<Kind, RegExp>> = {
  email: /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g,
  url: /https?:\/\/[^\s"'<>)\]]+|\bwww\.[^\s"'<>)\],]+/g,
  phone: /\+\d[\d\s().-]{6,17}\d|\(\d{3}\)\s?\d{3}[- ]\d{4}|\b\d{3}[-. ]\d{3,4}[-. ]\d{4}\b|\b\d{3}-\d{4}\b/g,
  date: new RegExp(DATE, 'gi'),
  time: /\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]m\b/gi,
  money:
    /(?:USD|EUR|GBP|[$€£¥])\s?\d[\d,]{0,20}(?:\.\d{1,12})?|\b\d[\d,]{0,20}(?:\.\d{1,12})?\s?(?:dollars|euros|pounds|USD|EUR|GBP|[€£])/gi,
  percent: /-?\b\d{1,12}(?:\.\d{1,12})?\s?(?:%|percent)/gi,
  number: /(?<![\w.])-?\d[\d,]{0,24}(?:\.\d{1,15})?(?![\w-]{0,40}@)/g,
  quantity:
    /(?<![$€£¥\w.#-])\d+(?![\w%./:-])(?=\s+[a-z(]|\s*[x×])|(?<=[x×]\s?)\d+\b|(?<=\b(?:qty|quantity|count)\b\W{1,3})\d+/gi,
  year: /\b(?:1[89]|20)\d{2}\b/g,
  identifier:
    /#\s?[\w-]{0,20}\d[\w-]{0,20}|\b[A-Z]{1,6}-?\d[\w-]{0,30}\b|\b(?=[\w-]{0,40}[a-z])(?=[\w-]{0,40}\d)\w{1,20}-[\w-]{1,30}\b/g,
  currency: /\b(?:USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD)\b|[$€£¥]|\bdollars\b|\beuros\b/g,
  person: new RegExp(String.raw`(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?${NAME}(?: ${NAME}| \p{Lu}\.(?= ))*`, 'gu'),
  company: new RegExp(
    String.raw`${NAME}(?: (?:${NAME}|&)){0,4},? (?:Inc|Ltd|LLC|GmbH|Corp|Corporation|AG|SA|Company|Co|Group|Technologies|Labs|Industries|Systems|Bank)\b\.?`,
    'gu',
  ),
  place: new RegExp(
    String.raw`(?<=\b(?:in|at|to|from|near|for|visit|of|and|or|between|,|lives in|based in) )${NAME}(?: ${NAME})*|(?<=[,:] )${NAME}(?: ${NAME})*`,
    'gu',
  ),
  quoted: /(?<=["“])[^"”\n]+(?=["”])|(?<=(?:^|\s)')[^'\n]+(?='(?:\s|[.,?!]|$))/g,
};

const CURRENCIES: Readonly<Record<string, string>> = {
  $: 'USD',
  '€': 'EUR',
  '£': 'GBP',
  '¥': 'JPY',
  dollars: 'USD',
  euros: 'EUR',
};
/** Values of one kind that are read from a text. */
const MAX_FOUND = 200;

function names(found: readonly string[]): string[] {
  return found.flatMap((name) => {
    const words = name.split(' ');
    while (words.length > 0 && NOT_NAMES.test(words[0]!.replace('.', '')) && !/^(?:Mr|Mrs|Ms|Dr|Prof)/.test(words[0]!))
      words.shift();
    while (words.length > 0 && NOT_NAMES.test(words.at(-1)!)) words.pop();
    return words.length === 0 ? [] : [words.join(' ')];
  });
}

/** ISO date of a date as people write it; day before month where the writing leaves it open and the day can't be a month. */
export function isoDate(text: string): string | null {
  const month = MONTHS.findIndex((name) => new RegExp(`\\b${name.slice(0, 3)}`, 'i').test(text)) + 1;
  const numbers = (text.match(/\d+/g) ?? []).map(Number);
  let [year, monthNumber, day] = [0, 0, 0];
  if (/^\d{4}-/.test(text)) [year, monthNumber, day] = [numbers[0]!, numbers[1] ?? 0, numbers[2] ?? 0];
  else if (month > 0) [year, monthNumber, day] = [numbers[1] ?? 0, month, numbers[0] ?? 0];
  else if (numbers.length >= 3) {
    const dayFirst = numbers[0]! > 12 || text.includes('.');
    [year, monthNumber, day] = [
      numbers[2]!,
      dayFirst ? numbers[1]! : numbers[0]!,
      dayFirst ? numbers[0]! : numbers[1]!,
    ];
  }
  if (
    year < 1 ||
    monthNumber < 1 ||
    monthNumber > 12 ||
    day < 1 ||
    day > new Date(Date.UTC(year, monthNumber, 0)).getUTCDate()
  )
    return null;
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(monthNumber)}-${two(day)}`;
}

export const asNumber = (text: string): number | null => {
  const digits = /-?\d[\d,]*(?:\.\d+)?/.exec(text)?.[0].replaceAll(',', '');
  return digits === undefined || !Number.isFinite(Number(digits)) ? null : Number(digits);
};

const lowerCasePlaces = (text: string): string[] =>
  (
    /\b(?:weather|forecast|temperature|time|restaurants?|hotels?)\b[^.?!]{0,60}? (?:in|for|at|near) ([a-z][a-z ]{0,60}?)(?= (?:today|tomorrow|right|now|this|next|on|in|at)\b|[?.!]|$)/.exec(
      text.slice(0, 2000),
    )?.[1] ?? ''
  )
    .split(/,\s*|\s+and\s+/)
    .filter(Boolean);

/** What is done with the raw matches of some kinds. */
const TRIMMED: Partial<Record<Kind, (raw: readonly string[], text: string) => string[]>> = {
  person: (raw) => {
    const all = names(raw);
    const full = all.filter((name) => name.includes(' ') && !new RegExp(PATTERNS.company.source, 'u').test(name));
    return full.length > 0 ? full : all;
  },
  place: (raw, text) => {
    const places = names(raw);
    return places.length > 0 ? places : lowerCasePlaces(text);
  },
  currency: (raw) => raw.map((value) => CURRENCIES[value.toLowerCase()] ?? value),
  url: (raw) => raw.map((value) => value.replace(/[.,;]+$/, '')),
  identifier: (raw) => raw.map((value) => value.replace(/^#\s?/, '')),
  number: (_raw, text) => bareText(text).match(PATTERNS.number)?.slice(0, MAX_FOUND) ?? [],
};

/** The text without dates, times, addresses and telephone numbers, whose digits are no amounts. */
const bareText = (text: string): string =>
  (['date', 'email', 'url', 'phone', 'time'] as const).reduce((rest, kind) => rest.replace(PATTERNS[kind], ' '), text);

export function find(kind: Kind, text: string): string[] {
  const raw = (text.match(PATTERNS[kind]) ?? []).slice(0, MAX_FOUND).map((value) => value.trim());
  return (TRIMMED[kind] ?? ((values) => [...values]))(raw, text);
}

/** The kind of value that a field of this name holds; null for free text. */
export function kindOf(key: string): Kind | null {
  const words = key.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  const kinds: readonly (readonly [RegExp, Kind])[] = [
    [/e-?mail/, 'email'],
    [/url|link|website|homepage|\burl?s?\b/, 'url'],
    [/phone|mobile|\btel|fax/, 'phone'],
    [/currency/, 'currency'],
    [/percent|rate$|discount|_pct/, 'percent'],
    [/price|cost|amount|total|fee|salary|budget|balance|revenue|payment|subtotal|\btax/, 'money'],
    [/date|birthday|\bdob|deadline|(?:^|_)due|(?:^|_)day$|_on$/, 'date'],
    [/(?:^|_)time|hour$/, 'time'],
    [/year/, 'year'],
    [/compan|organi[sz]ation|employer|vendor|supplier|merchant|brand/, 'company'],
    [/city|cities|countr|location|place|destination|origin|address|town|state$|region|from$|to$/, 'place'],
    [
      /(?:^|_)(?:id|ids|sku|code|reference|ref|order|invoice|ticket)(?:_(?:id|number|no))?$|_(?:number|no)$|_id/,
      'identifier',
    ],
    [/product|item|title|book|song|movie/, 'quoted'],
    [
      /name|person|people|customer|author|contact|recipient|sender|attendee|participant|guest|user|employee|patient/,
      'person',
    ],
    [/quantity|qty|count|number_of|\bnum/, 'quantity'],
    [
      /age|score|rating|weight|height|size|length|width|temperature|distance|duration|minutes|days|value|limit|number/,
      'number',
    ],
  ];
  return kinds.find(([pattern]) => pattern.test(words))?.[1] ?? null;
}
