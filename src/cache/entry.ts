// A kept answer, and the forms in which it can be given again.
import { LRUCache } from 'lru-cache';
import type { Completion, ConfidenceFacts, Flag, Nano } from '../contract/index.ts';
import { completionFromStream, ENDS_WELL, readCompletion, saysSomething, streamOf } from '../wire/index.ts';

export interface CacheEntry {
  /** `completion`: the JSON of a completion; `stream`: the events of one as an upstream sent them. */
  readonly form: 'completion' | 'stream';
  readonly bytes: Uint8Array;
  /** The request that it was made for. */
  readonly origin?: string;
  readonly models: readonly string[];
  readonly strategy: string;
  readonly task: string;
  readonly tier: string;
  /** null: one model alone. */
  readonly agreement: number | null;
  readonly confidence: number | null;
  /** What the confidence rests on, so that a verdict on a repeated answer teaches too. */
  readonly facts?: ConfidenceFacts | null;
  readonly flags: readonly Flag[];
  readonly tags: readonly string[];
  readonly tenant: string;
  /** What the answer cost, and a hit saves. */
  readonly costSaved: Nano;
  /** Milliseconds since the epoch; set when it is put. */
  readonly storedAt: number;
}

/** Only whole and undisputed answers are worth giving again. `completion` null: it couldn't be read. */
export function worthKeeping(answer: {
  readonly status: number;
  readonly completion: Completion | null;
  readonly flags: readonly Flag[];
}): boolean {
  const { status, completion, flags } = answer;
  if (status !== 200 || completion === null || completion.choices.length === 0) return false;
  if (completion['error'] !== undefined && completion['error'] !== null) return false;
  if (flags.includes('disputed') || flags.includes('degraded')) return false;
  return completion.choices.every(
    ({ finish_reason, message }) => finish_reason !== null && ENDS_WELL.has(finish_reason) && saysSomething(message),
  );
}

interface Forms {
  completion?: Completion;
  bytes?: Uint8Array;
  withUsage?: Uint8Array[];
  withoutUsage?: Uint8Array[];
}

/** Conversions are kept apart from the entries and bounded by themselves: a stream of an answer is many times its size. */
const FORMS_BYTES = 16 * 1024 * 1024;
const forms = new LRUCache<CacheEntry, Forms>({ maxSize: FORMS_BYTES });

/** Throws an Error when the bytes are no completion. */
export function asCompletion(entry: CacheEntry): Completion {
  return remembered(entry, 'completion', () => {
    if (entry.form === 'completion') return readCompletion(entry.bytes);
    const completion = completionFromStream(entry.bytes);
    if (completion === null) throw new Error('The kept stream is no completion.');
    return completion;
  });
}

/** The JSON of the completion; as it was put where that is its form. */
export function asCompletionBytes(entry: CacheEntry): Uint8Array {
  if (entry.form === 'completion') return entry.bytes;
  return remembered(entry, 'bytes', () => Buffer.from(JSON.stringify(asCompletion(entry))));
}

/** Its events, without `[DONE]`; a kept stream is given as it came when it has the usage that is asked for, or hasn't. */
export function asStream(entry: CacheEntry, { includeUsage }: { readonly includeUsage: boolean }): Uint8Array[] {
  return remembered(entry, includeUsage ? 'withUsage' : 'withoutUsage', () =>
    entry.form === 'stream' && hasUsage(entry.bytes) === includeUsage
      ? [withoutDone(entry.bytes)]
      : streamOf(asCompletion(entry), { includeUsage }),
  );
}

function remembered<Form extends keyof Forms>(
  entry: CacheEntry,
  form: Form,
  make: () => NonNullable<Forms[Form]>,
): NonNullable<Forms[Form]> {
  const known = forms.get(entry)?.[form];
  if (known !== undefined) return known;
  const made = make();
  // Read again: `make` may have remembered another form on its way.
  const all = { ...forms.get(entry), [form]: made };
  forms.set(entry, all, { size: sizeOf(entry, all) });
  return made;
}

function sizeOf(entry: CacheEntry, { completion, bytes, withUsage, withoutUsage }: Forms): number {
  const parsed = completion === undefined ? 0 : 2 * entry.bytes.byteLength;
  const events = [...(withUsage ?? []), ...(withoutUsage ?? [])];
  return events.reduce((sum, event) => sum + event.byteLength + 100, parsed + (bytes?.byteLength ?? 0) + 200);
}

/** The usage comes in one of the last events. Inside a text its quotes would be escaped. */
const hasUsage = (bytes: Uint8Array): boolean => /"usage"\s*:\s*\{/.test(tailOf(bytes, 4_096));

function withoutDone(bytes: Uint8Array): Uint8Array {
  const done = /(?:^|\n)(data:\s*\[DONE\]\s*)$/.exec(tailOf(bytes, 64))?.[1];
  return done === undefined ? bytes : bytes.subarray(0, bytes.byteLength - done.length);
}

function tailOf(bytes: Uint8Array, length: number): string {
  const tail = bytes.subarray(Math.max(0, bytes.byteLength - length));
  return Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).toString('latin1');
}
