// The text of an answer, cleaned of what isn't the answer: thinking blocks, mark-up, case, spacing.
import type { AssistantMessage } from '../contract/index.ts';

/** Longer texts are compared as they are: reading them would cost more than it tells. */
export const MAX_READ_CHARS = 400_000;

/** The message's text; the text parts of a list joined. */
export function textOf(message: AssistantMessage): string {
  const content: unknown = message.content;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => partText(part)).join('');
}

function partText(part: unknown): string {
  const text = typeof part === 'object' && part !== null ? (part as { text?: unknown }).text : undefined;
  return typeof text === 'string' ? text : '';
}

const THINKING = /<(think|thinking|thought|reasoning|scratchpad)>/i;

/** Without leading thinking; one that never ends leaves nothing, one whose opening tag was eaten by the template is cut too. */
export function withoutThinking(text: string): string {
  const head = text.slice(0, MAX_READ_CHARS);
  const open = THINKING.exec(head);
  if (open === null) {
    const close = /<\/think(?:ing)?>/i.exec(head);
    return close === null ? text : text.slice(close.index + close[0].length).trimStart();
  }
  const close = `</${open[1]!.toLowerCase()}>`;
  const end = text.length <= MAX_READ_CHARS ? text.toLowerCase().lastIndexOf(close) : text.lastIndexOf(close);
  const before = text.slice(0, open.index).trim();
  if (end < open.index) return before;
  return `${before}${before === '' ? '' : '\n'}${text.slice(end + close.length).trimStart()}`;
}

const QUOTES = /^["'`“”‘’«»„]+|["'`“”‘’«»„]+$/g;

/** Bold, italics, code ticks, headings and outer quotes off. */
export function withoutMarkup(text: string): string {
  return text
    .replace(/\*\*|__|`/g, '')
    .replace(/^\s*(?:#{1,6}|[-*>])\s+/, '')
    .trim();
}

/** Case, width, spacing, outer quotes and closing punctuation don't count. */
export function normalise(text: string): string {
  const flat = text.slice(0, MAX_READ_CHARS).normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
  const bare = flat
    .replace(QUOTES, '')
    .replace(/[\s.。!;:,]+$/, '')
    .replace(QUOTES, '')
    .trim();
  return bare === '' ? flat : bare;
}

/** As `normalise`, and punctuation between words counts as a space: `New York, NY` and `new york ny`. */
export function loosely(text: string): string {
  const plain = normalise(text);
  const words = plain.replace(/[\s,._\-*/^]+/g, ' ').trim();
  return words === '' ? plain : words;
}

/** For people: one line, bounded. */
export function shortened(text: string, limit = 120): string {
  const line = text
    .slice(0, limit * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
