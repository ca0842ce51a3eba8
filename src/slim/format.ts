// Sentences that say nothing but "JSON, and only JSON", however many there are: one short one says it.
const HINT = 'Output only valid JSON, no other text.';

/** A sentence made of these words alone names no field, no value and no rule of its own. */
const VOCABULARY: ReadonlySet<string> = new Set(
  `you your must should always only just do not don't never no nothing else and or but any other than additional extra
  output outputs reply respond response responses answer answers return returned returns produce provide generate write
  give include add wrap use be is are it the a an in with as of to from for within without that
  json object valid strictly well-formed parsable parseable directly format formatted strict raw pure
  markdown formatting code fence fences block blocks backtick backticks triple text prose plain
  explanation explanations explanatory commentary preamble introduction introductory conclusion
  before after outside around surrounding surrounded words anything please`.split(/\s+/),
);
const ENDS = /[.!?]+|\n/g;
const LEAST_WORDS = 3;
/** No JSON at all, or JSON or something else: then nothing here applies. */
const OTHERWISE =
  /\b(?:not|never|don['’]t)\s+(?:\w+\s+){0,2}?(?:return|output|respond|reply|answer|produce|give|generate|write|use)\s+(?:(?:in|with|as|a|an|any|only|just|valid|raw|pure|the)\s+)*json\b|\bjson(?: object| format)? or\b|\bor (?:an? |valid |raw )*json\b/i;
const NEGATION = /\b(?:not|never|don['’]t)\b/i;
const ONLY = /\b(?:only|nothing else|just|no other)\b/i;
const NOTHING_BUT =
  /\b(?:anything|any text|text|words)\b.*\b(?:other than|but|outside|before|after|around)\b.*\bjson\b/i;
const FORBIDS = /\b(?:only|nothing else|no|not|don['’]t|never|without)\b/i;

interface Sentence {
  readonly text: string;
  readonly index: number;
}

/** What stands on one line up to a mark with white space behind it; a mark inside of a word begins anew. Linear, also without any mark. */
function sentencesOf(text: string): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  for (const { 0: mark, index } of text.matchAll(ENDS)) {
    const end = index + mark.length;
    const isEnd = mark !== '\n' && index > start && (end === text.length || /\s/.test(text[end]!));
    if (isEnd) sentences.push({ text: text.slice(start, end), index: start });
    start = end;
  }
  return sentences;
}

const isHint = (sentence: string): boolean => {
  const words = sentence.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? [];
  if (words.length < LEAST_WORDS || /[\uE000-\uF8FF:{}[\]<>]/.test(sentence)) return false;
  return FORBIDS.test(sentence) && words.every((word) => VOCABULARY.has(word.replace('’', "'")));
};

const asksForJson = (sentence: string): boolean =>
  /\bjson\b/i.test(sentence) && (NEGATION.test(sentence) ? NOTHING_BUT.test(sentence) : ONLY.test(sentence));

/** Puts one hint for all sentences of that kind, where the first that asks for JSON stood. Text without such a sentence stays as it is. */
export function compactHints(text: string): string {
  if (OTHERWISE.test(text)) return text;
  const found = sentencesOf(text).filter((sentence) => isHint(sentence.text));
  const first = found.find((sentence) => asksForJson(sentence.text));
  if (first === undefined) return text;
  const length = found.reduce((sum, sentence) => sum + sentence.text.trim().length, 0);
  if (length <= HINT.length) return text;
  let out = '';
  let at = 0;
  for (const sentence of found) {
    const lead = /^\s*(?:[-*+•–]\s+)?/.exec(sentence.text)![0];
    out += text.slice(at, sentence.index) + (sentence === first ? lead + HINT : '');
    at = sentence.index + sentence.text.length;
  }
  return withoutEmptyItems(out + text.slice(at));
}

/** Bullets whose text has gone. */
const withoutEmptyItems = (text: string): string =>
  text.replace(/^[ \t]*[-*+•–][ \t]*(?:\n|$)/gm, '').replace(/^[ \t]+$/gm, '');
