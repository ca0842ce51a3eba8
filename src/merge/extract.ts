// The final answer within a text: the boxed one, the one that is announced, the bold one, or the text itself when it is short.
import { withoutMarkup } from './text.ts';

export interface Extracted {
  readonly text: string;
  /** The writer marked it as the answer; otherwise it is a guess from its place. */
  readonly marked: boolean;
}

/** The answer stands at the end of what models write; what is further away isn't searched. */
const TAIL_CHARS = 8_000;
const MAX_ANSWER_CHARS = 600;
const SHORT_CHARS = 120;

/** The content of the last `\boxed{…}`, braces nested. */
function boxedOf(text: string): string | null {
  const at = Math.max(text.lastIndexOf('\\boxed{'), text.lastIndexOf('\\fbox{'));
  if (at < 0) return null;
  const start = text.indexOf('{', at) + 1;
  let depth = 1;
  for (let index = start; index < text.length && index < start + MAX_ANSWER_CHARS; index++) {
    const char = text[index];
    if (char === '\\') index++;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return text.slice(start, index).trim();
  }
  return null;
}

const ANNOUNCED = [
  String.raw`(?:final|correct|best|right)\s+(?:answer|choice|option)(?:\s+(?:is|would be|should be|must be))?`,
  String.raw`(?:answer|result|solution)\s+(?:is|would be|should be|must be)`,
  String.raw`(?:correct|best)\s+(?:answer|choice|option)\s+is`,
  String.raw`answer`,
  String.raw`(?:最终|正确)?(?:答案|结果)(?:是|为|應該是|应该是)?`,
  String.raw`答えは|正解は|回答は`,
  String.raw`(?:정답|답)(?:은|는|:)`,
  String.raw`la\s+(?:respuesta|solución)(?:\s+(?:correcta|final))?\s+es|respuesta(?:\s+final)?`,
  String.raw`la\s+(?:réponse|solution)(?:\s+(?:correcte|finale))?\s+est|réponse(?:\s+finale)?`,
  String.raw`die\s+(?:richtige\s+|endgültige\s+)?(?:antwort|lösung)\s+(?:ist|lautet)|antwort`,
  String.raw`a\s+resposta(?:\s+(?:correta|final))?\s+é|resposta`,
  String.raw`la\s+risposta(?:\s+(?:corretta|finale))?\s+è|risposta`,
  String.raw`(?:правильный\s+|окончательный\s+)?ответ`,
  String.raw`الإجابة(?:\s+هي)?`,
];
const ANNOUNCEMENT = new RegExp(
  String.raw`(?<![\p{L}\p{N}_])(?:${ANNOUNCED.join('|')})(?:\*\*|__)?\s*(?:[:：=]|(?=\s|\(|\*|\$|["'「“\\\d])|(?<=[是为は은는:]))\s*`,
  'giu',
);

/** More different answers than this is a model that goes on with questions nobody asked. */
const MAX_DIFFERENT = 2;

/** The text after the last announcement, up to the end of its sentence or line; after the first where they keep changing. */
function announcedOf(text: string): string | null {
  const tail = text.slice(-TAIL_CHARS);
  const all: string[] = [];
  for (const found of tail.matchAll(ANNOUNCEMENT)) {
    const weak = /^(?:answer|respuesta|réponse|antwort|resposta|risposta|result|solution)$/i.test(found[0].trim());
    if (weak) continue;
    const begins = found.index + found[0].length;
    const rest = sentence(tail.slice(begins, begins + MAX_ANSWER_CHARS));
    if (rest !== '') all.push(rest);
  }
  return (new Set(all).size > MAX_DIFFERENT && all.every((rest) => rest.length < 40) ? all[0] : all.at(-1)) ?? null;
}

const FIELD = /"(?:final_?)?answer"\s*:\s*("(?:\\[^]|[^"\\]){0,2000}"|[^",}\n\s][^,}\n]{0,200})/gi;

/** The answer field of an object that doesn't parse. */
export function fieldInText(text: string): string | null {
  const found = [...text.slice(-TAIL_CHARS).matchAll(FIELD)].at(-1)?.[1];
  if (found === undefined) return null;
  return found.startsWith('"') ? found.slice(1, -1).replace(/\\(["\\])/g, '$1') : found.trim();
}

/** Up to the end of the line or the sentence; a full stop inside a number doesn't end it. */
function sentence(text: string): string {
  const lines = text.replace(/^[\s*_:：]*\n+/, '').split('\n');
  const line = (lines[0] ?? '').replace(/^\s*(?:is|es|est|ist|lautet|é|è)\b\s*/i, '');
  const bold = /^\s*\*\*([^*]{1,200})\*\*/.exec(line);
  if (bold !== null) return bold[1]!.trim().replace(/[.。:]$/, '');
  const end = /[.!?](?=\s|$|\*)|[。！？]|,\s+(?:because|since|which|as|so|weil|porque|car)\b/.exec(line);
  return withoutMarkup(end === null ? line : line.slice(0, end.index));
}

function boldOf(text: string): string | null {
  const tail = text.slice(-400);
  const bold = [...tail.matchAll(/\*\*([^*\n]{1,120})\*\*/g)].pop();
  return bold === undefined || /[:：]$/.test(bold[1]!.trim()) ? null : bold[1]!.trim();
}

/** The last line when it is short; what follows its last equals sign where it ends in an equation. */
function lastLineOf(text: string): string | null {
  const lines = text
    .slice(-TAIL_CHARS)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const line = withoutMarkup(lines.at(-1) ?? '');
  return line === '' || line.length > MAX_ANSWER_CHARS ? null : line;
}

/** Best first: boxed, announced, the whole of a short text, bold near the end, the last line. */
export function extract(text: string): Extracted | null {
  const boxed = boxedOf(text.slice(-TAIL_CHARS));
  if (boxed !== null && boxed !== '') return { text: boxed, marked: true };
  const announced = announcedOf(text);
  if (announced !== null) return { text: boxedOf(announced) ?? announced, marked: true };
  const trimmed = text.length <= SHORT_CHARS * 4 ? text.trim() : '';
  if (trimmed !== '' && trimmed.length <= SHORT_CHARS && !trimmed.includes('\n'))
    return { text: withoutMarkup(trimmed), marked: true };
  const bold = boldOf(text);
  if (bold !== null) return { text: bold, marked: false };
  const line = lastLineOf(text);
  return line === null ? null : { text: line, marked: false };
}

/** One letter of a multiple choice: `(C)`, `C.`, `C) because`, `Option C`, `**C**`; null for anything else. */
export function letterOf(text: string): string | null {
  const flat = withoutMarkup(text.slice(0, 300)).replace(
    /^\s*(?:option|choice|answer|letter|答案|选项|opción|choix)\s*[:：]?\s*/i,
    '',
  );
  const boxed = /^\\(?:text|mathrm|textbf|mathbf)\{\s*\(?([A-Za-z])\)?\s*\}$/.exec(flat);
  if (boxed !== null) return boxed[1]!.toUpperCase();
  const bare =
    /^["'([]?\s*([A-Z])\s*(?:[)\].:,"'、。]|$)/.exec(flat) ??
    /^["'([]\s*([a-z])\s*[)\]"']/.exec(flat) ??
    /^([a-z])$/.exec(flat);
  return bare === null ? null : bare[1]!.toUpperCase();
}

/** Last resort for multiple choice: the last letter in brackets, or after `option`. */
export function lastLetterOf(text: string, offered: string): string | null {
  const found = [...text.slice(-TAIL_CHARS).matchAll(/\(([A-Z])\)|\b(?:option|choice|answer)\s+([A-Z])\b/g)].map(
    (each) => each[1] ?? each[2]!,
  );
  return found.reverse().find((letter) => offered.includes(letter)) ?? null;
}

const YES =
  /^(?:yes|yep|yeah|true|correct|right|sí|si|oui|ja|sim|да|是|是的|はい|네|نعم)\b|^(?:是|是的|はい|네|да|نعم)/iu;
const NO =
  /^(?:no|nope|false|incorrect|wrong|non|nein|não|нет|否|不|不是|いいえ|아니요|لا)\b|^(?:否|不|いいえ|아니|нет|لا)/iu;

/** `yes`, `no` or null. */
export function yesNoOf(text: string): 'yes' | 'no' | null {
  const flat = withoutMarkup(text.slice(0, 200)).replace(/^["'(]+/, '');
  if (NO.test(flat)) return 'no';
  return YES.test(flat) ? 'yes' : null;
}

/** The last number of a text, with what surrounds it of a number; null when there is none. */
export function lastNumberOf(text: string): string | null {
  const numbers = text.slice(-2_000).match(/[-+]?[$€£¥]?\s?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?\s?%?/gi);
  return numbers?.at(-1)?.trim() ?? null;
}
