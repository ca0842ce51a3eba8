// Classification: which of the labels in the prompt fits the text best, by small lexicons.
import { hashOf } from '../random.ts';
import { solution, type Solution } from './solution.ts';

const list = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Stems that speak for a label; a label belongs to the lexicon whose name it contains or equals. */
const LEXICONS: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /posit|good|happy|praise|favou?rable|satisf|promoter|joy/i,
    list(
      'love lov great excellent amazing wonderful fantastic good best happy perfect delight enjoy awesome superb brilliant pleas recommend beautiful fast friendly thank impress helpful flawless thrilled glad nice',
    ),
  ],
  [
    /negat|bad|unhappy|critic|unfavou?rable|dissatisf|detractor|anger|angry|complain/i,
    list(
      'hate hat terrible awful horrible bad worst poor disappoint broke broken useless waste angry never slow rude refund boring annoy fail sad dirty wrong problem ugly late unacceptable frustrat defect damaged',
    ),
  ],
  [/neutral|mixed/i, list('okay ok average fine arrived package tuesday nothing special neither standard normal')],
  [
    /sport/i,
    list(
      'game match team goal player score coach league championship football soccer tennis basketball olympic tournament won win season',
    ),
  ],
  [
    /polit|government/i,
    list('election president minister parliament vote senate congress law government policy party campaign senator'),
  ],
  [
    /business|financ|econom/i,
    list('stock market profit revenue shares company bank investor earnings merger economy inflation ceo quarterly'),
  ],
  [
    /tech|science|sci\b/i,
    list(
      'software computer phone app robot chip internet data algorithm research scientist physics space ai code startup',
    ),
  ],
  [
    /entertain|movie|music|culture/i,
    list('film movie actor song album concert singer celebrity show theatre director'),
  ],
  [/health|medic/i, list('doctor patient disease hospital vaccine health drug symptom treatment')],
  [
    /\bspam|junk|phish|scam/i,
    list(
      'win winner prize free click claim offer viagra lottery urgent congratulations cash guaranteed limited bitcoin',
    ),
  ],
  [/\bham\b|not.?spam|legit/i, list('meeting tomorrow lunch attached regards see report project team minutes')],
  [
    /bill|payment|invoice|refund/i,
    list('charged charge invoice payment bill refund card subscription price fee paid double'),
  ],
  [
    /technical|bug|support|incident/i,
    list('error crash bug login password install broken loading update freez fail reset'),
  ],
  [/shipping|delivery|logistic/i, list('package delivery shipped tracking arrive courier late parcel order')],
  [/sales|purchase/i, list('buy purchase quote pricing demo plan upgrade discount')],
  [/account/i, list('account login password profile email sign username')],
  [/urgent|high|critical/i, list('urgent asap immediately now emergency down critical outage today')],
  [/^low|not.?urgent/i, list('whenever sometime later no rush minor eventually')],
  [/toxic|hate|offens|abus/i, list('idiot stupid hate shut moron disgusting kill loser')],
  [/question|inquiry|enquiry/i, list('? how what when where why who which can could')],
  [/request/i, list('please could would need want')],
  [/english/i, list('the and is are you of to with')],
  [/french/i, list('le la les et est vous je bonjour merci une des')],
  [/spanish/i, list('el los las es usted hola gracias una que por')],
  [/german/i, list('der die das und ist ich sie guten danke nicht ein')],
];
const NOT = /\b(?:not|never|no|n't|hardly|without)\b|n't\b/i;

function scoreOf(label: string, text: string): number {
  const words = text.toLowerCase().match(/[\p{L}']+|\?/gu) ?? [];
  const opposite = /posit/i.test(label) ? /negat/ : /negat/i.test(label) ? /posit/ : null;
  const stems = (name: RegExp): readonly string[] =>
    LEXICONS.find(([pattern]) => pattern.source.includes(name.source))?.[1] ?? [];
  const own = LEXICONS.find(([pattern]) => pattern.test(label))?.[1] ?? [];
  const flipped = opposite === null ? [] : stems(opposite);
  const hit = (list: readonly string[], word: string): boolean =>
    list.some((stem) => word === stem || (stem.length > 3 && word.startsWith(stem)));
  const named = new RegExp(`\\b${label.replace(/[^\p{L}\p{N} ]/gu, '.')}\\b`, 'iu').test(text) ? 0.5 : 0;
  return words.reduce((sum, word, index) => {
    const negated = NOT.test(words.slice(Math.max(0, index - 2), index).join(' '));
    if (hit(own, word)) return sum + (negated && opposite ? -1 : 1);
    return hit(flipped, word) && negated ? sum + 1 : sum;
  }, named);
}

/** The fitting label; where no word tells, one made up from the text, the same for every model. */
export function bestLabel(labels: readonly string[], text: string): string {
  const short = text.slice(0, 8000);
  const scores = labels.map((label) => scoreOf(label, short));
  const best = Math.max(...scores);
  if (best > 0) return labels[scores.indexOf(best)]!;
  return (
    labels.find((label) => /^(?:neutral|other|none|unknown|general)$/i.test(label)) ??
    labels[hashOf(short, 3) % labels.length]!
  );
}

const ASKS = /\bclassif|\bcategori[sz]e|\bcategor(?:y|ies)\b|\blabels?\b|\bsentiment\b|\bone of\b|\bintent\b/i;
const LISTS: readonly RegExp[] = [
  /\b(?:labels?|categories|classes|options|sentiments?|intents?|one of(?: the following| these)?(?: \w+)?)\b(?: are| is)?\s*[:=(]\s*([^\n.;)]+)/i,
  /\bone of\s+([^\n.:;]+)/i,
  /\b(?:as|into|whether|either|is it|is this)\b(?: \w+){0,6}?:?\s+(\(?["'`[]?[\w-]+["'`]?(?:\s*[,/|]\s*(?:or\s+)?["'`]?[\w-]+["'`]?)*\s*(?:,?\s*or|\/|\||,|and)\s+["'`]?[\w-]+["'`\])]*)/i,
  /((?:[\w-]+, )+(?:or|and) [\w-]+|\b\w+(?:\/\w+)+\b|\b\w+ or \w+\b)/i,
];

function namedLabels(text: string): string[] {
  for (const pattern of LISTS) {
    const found = pattern.exec(text)?.[1];
    const labels = (found ?? '')
      .split(/\s*[,/|]\s*(?:(?:or|and)\s+)?|\s+(?:or|and)\s+/i)
      .map((label) => label.replace(/^[\s"'`([{]+|[\s"'`)\]}.:]+$/g, '').replace(/^(?:an?|the|either)\s+/i, ''))
      .filter((label) => label !== '' && label.length < 40);
    if (labels.length >= 2) return [...new Set(labels)];
  }
  return /sentiment/i.test(text) ? ['positive', 'negative', 'neutral'] : [];
}

/** The text to be classified: after the last colon or line that follows the instruction, quoted, or all of it. */
function bodyOf(text: string): string {
  const quoted = /["“]([^"”]{12,})["”]/.exec(text)?.[1];
  const marked =
    /\b(?:text|review|message|tweet|email|comment|ticket|sentence|input|headline|content)\s*:\s*([^]+)$/i.exec(
      text,
    )?.[1];
  const after = /:\s*([^]+)$/.exec(
    text.replace(/\b(?:labels?|categories|classes|one of[^:\n]*|options)\s*:[^\n]*\n?/gi, ''),
  )?.[1];
  return marked ?? quoted ?? after ?? text;
}

export function solveLabels(text: string, system: string): Solution | null {
  const where = ASKS.test(text) ? text : ASKS.test(system) ? system : null;
  if (where === null) return null;
  const head = where.slice(0, 3000);
  const labels = namedLabels(head);
  if (labels.length < 2) return null;
  const right = bestLabel(labels, where === system ? text : bodyOf(text.slice(0, 10_000)));
  return solution({ family: 'labels', form: 'label', right, wrongs: labels.filter((label) => label !== right) });
}
