// What the first bytes of a 2xx answer to a streaming request turn out to be: events, one document, or an error in disguise.
import { errorIn } from './status.ts';

type Opening =
  /** Nothing but comments and blank lines so far. */
  | { readonly is: 'undecided' }
  | { readonly is: 'events' }
  /** JSON, HTML or text instead of events. */
  | { readonly is: 'document' }
  /** The very first event is an error: nothing was said yet, so another model may still answer. */
  | { readonly is: 'error'; readonly json: string };

const UNDECIDED: Opening = { is: 'undecided' };
const EVENTS: Opening = { is: 'events' };
const DOCUMENT: Opening = { is: 'document' };

const NEWLINE = 0x0a;
const COLON = 0x3a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** Enough to see whether a payload starts like an error. */
const ENOUGH_BYTES = 16;
/** Past this it is passed on, whatever it is. */
const MOST_BYTES = 64 * 1024;

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function dataOpening(head: Buffer, start: number, end: number, whole: boolean): Opening {
  if (!whole && end - start < ENOUGH_BYTES) return UNDECIDED;
  const error = head.indexOf('"error"', start);
  if (error < 0 || error >= end) return EVENTS;
  if (!whole) return UNDECIDED;
  const json = head.toString('utf8', start, end);
  try {
    return errorIn(JSON.parse(json)) === null ? EVENTS : { is: 'error', json };
  } catch {
    return EVENTS;
  }
}

/** `ended`: no more bytes will come. Looks at one event at most. */
export function openingOf(head: Buffer, ended = false): Opening {
  if (head.length > MOST_BYTES) return EVENTS;
  let at = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  while (at < head.length) {
    if (isBlank(head[at])) {
      at++;
      continue;
    }
    const newline = head.indexOf(NEWLINE, at);
    const whole = newline >= 0 || ended;
    const end = newline >= 0 ? newline : head.length;
    const line = head.toString('latin1', at, Math.min(end, at + 6));
    if (line.startsWith('data:')) return dataOpening(head, at + 5, end, whole);
    if (line.startsWith('{') || line.startsWith('[') || line.startsWith('<')) return DOCUMENT;
    const field = head[at] === COLON || /^(event:|id:|retry:)/.test(line);
    if (!field && (whole || line.length === 6)) return DOCUMENT;
    if (!whole) return UNDECIDED;
    at = end;
  }
  return UNDECIDED;
}
