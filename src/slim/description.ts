// Descriptions in schemas: said once, in short, without what the name says already. Sentences that bind stay.
import { guard } from './protect.ts';
import { withoutGaps } from './whitespace.ts';
import { tighter } from './wording.ts';

/** What a model needs to fill a field in rightly: rules, formats, units, examples, figures, quoted values. */
const BINDS =
  /\b(?:must|never|only|not|cannot|can't|don't|no|unless|except|if|when|required|optional|format|iso|utc|example|examples|e\.g|i\.e|such as|like|unit|units|default|defaults|at least|at most|minimum|maximum|max|min|limit|range|between|one of|instead|before|after|always|either|null|empty|omit|leave|separated|case|prefix|percent|per)\b|[\d"'`“‘=<>{}[\]/\uE000-\uF8FF]/i;
/** Begins behind a mark or at the very beginning: tried anew in the middle it would cost the square of a long one. */
const SENTENCE = /(?<![^.!?])[^.!?]+(?:[.!?]+(?=\s|$)|$)|[.!?]+/g;
const SMALL_WORDS: ReadonlySet<string> = new Set(
  'a an the of for to in on is be this that which your its value field parameter argument property string number boolean list array object given used'.split(
    ' ',
  ),
);
const TOOL_OPENER =
  /^(?:this|the) (?:tool|function|endpoint|api|action|method) (?:is (?:used|designed|intended|meant) to|allows you to|can be used to|lets you|enables you to|should be used to|may be used to) (?=[a-z])/i;
const OPENERS =
  /^(?:(?:this|the) (?:field|parameter|argument|property|value|option)(?: is(?: used)?)? (?:to |that |which )?(?:(?:specif|indicat|represent|contain|describ|defin|determin|hold|denot|provid)\w* )?|(?:a|an|the) (?:string|number|integer|boolean|value|field|parameter) (?:that |which )?(?:specif|indicat|represent|contain|describ|defin|determin|hold|denot)\w* |(?:specifies|indicates|represents|describes|denotes) )/i;

/** Empty when the description says nothing that the name doesn't. `most`: characters above which sentences that don't bind are left out. */
export function shortDescription(text: string, name: string | null, most: number): string {
  const guarded = guard(text);
  if (guarded === null) return text;
  const tidy = withoutOpener(tighter(withoutGaps(guarded.text)).trim());
  const short = saysNoMore(tidy, name) ? '' : withinLimit(oncePerSentence(tidy), most, guarded.restore);
  const result = guarded.restore(short);
  return result.length < text.length ? result : text;
}

function withoutOpener(text: string): string {
  const tool = text.replace(TOOL_OPENER, '');
  if (tool !== text) return tool[0]!.toUpperCase() + tool.slice(1);
  const rest = text.replace(OPENERS, '');
  if (rest === text || !/^(?:the|a|an|whether|how|which|what|when|where|all|any|each|your)\b/i.test(rest)) return text;
  return rest[0]!.toUpperCase() + rest.slice(1);
}

/** `The ID of the user` of `user_id`. */
function saysNoMore(text: string, name: string | null): boolean {
  if (name === null || hasSign(text)) return false;
  const known = new Set(wordsOf(name.replace(/([a-z\d])([A-Z])/g, '$1 $2')));
  const words = wordsOf(text).filter((word) => !SMALL_WORDS.has(word));
  return words.every((word) => known.has(word) || known.has(`${word}s`) || known.has(word.replace(/s$/, '')));
}

const hasSign = (text: string): boolean => /[\d\uE000-\uF8FF]/.test(text);
const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/\p{L}+/gu) ?? [];

function oncePerSentence(text: string): string {
  const seen = new Set<string>();
  const kept = sentencesOf(text).filter((sentence) => {
    const key = sentence.toLowerCase().replace(/\W+/g, ' ').trim();
    return key === '' || hasSign(sentence) || (seen.has(key) ? false : Boolean(seen.add(key)));
  });
  return kept.join('').trim();
}

const sentencesOf = (text: string): readonly string[] => text.match(SENTENCE) ?? [text];

/** The first sentence and those that bind; others while there is room. Cuts nothing in the middle. */
function withinLimit(text: string, most: number, restore: (text: string) => string): string {
  if (restore(text).length <= most || /\n\s*(?:[-*•]|\d+[.)])\s/.test(text)) return text;
  const sentences = sentencesOf(text);
  let room = most;
  const stays = sentences.map((sentence, at) => {
    const binds = at === 0 || BINDS.test(sentence);
    if (binds) room -= restore(sentence).length;
    return binds;
  });
  return sentences
    .filter((sentence, at) => {
      if (stays[at]) return true;
      room -= restore(sentence).length;
      return room >= 0;
    })
    .join('')
    .trim();
}
