// OpenAI's chunks for a stream that came in another dialect, and the same for a whole answer.
import type { Completion, Usage } from '../../contract/index.ts';
import {
  completionFromStream,
  createEventCutter,
  eventData,
  eventEnd,
  parseAnswer,
  SSE_DONE,
} from '../../wire/index.ts';
import type { Circumstances, Translator } from './dialect.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a dialect's reader writes with. */
export interface ChunkWriter {
  /** What all chunks say; the first call counts. */
  head(id: unknown, model: unknown): void;
  /** The role goes out with a choice's first delta. */
  delta(choice: number, delta: Fields): void;
  finish(choice: number, reason: string, nativeReason: string): void;
  usage(usage: Usage): void;
  done(): void;
  fail(message: string, type: string, event: string): void;
}

/** Makes sense of one event after the other. */
export interface Reader {
  take(event: unknown): void;
  /** No more will come. */
  end(): void;
}

/** Text of the events written so far, taken out. */
interface Draft extends ChunkWriter {
  take(): string;
  readonly spoke: boolean;
  readonly error: string | null;
}

const MOST_EVENT_BYTES = 16 * 1024 * 1024;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function createDraft({ model, now }: Circumstances): Draft {
  const created = Math.floor(now / 1000);
  const begun = new Set<number>();
  let opening: string | null = null;
  let out = '';
  let spoke = false;
  let error: string | null = null;

  const head = (id: unknown, name: unknown): void => {
    opening ??= `data: {"id":${JSON.stringify(text(id))},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(text(name) || model)},"choices":`;
  };
  const write = (choices: string): void => {
    if (opening === null) head('', model);
    spoke = true;
    out += `${opening}${choices}}\n\n`;
  };
  const delta = (choice: number, fields: Fields): void => {
    const first = begun.has(choice) ? {} : { role: 'assistant', content: '' };
    begun.add(choice);
    write(`[{"index":${choice},"delta":${JSON.stringify({ ...first, ...fields })},"finish_reason":null}]`);
  };

  return {
    head,
    delta,
    finish(choice, reason, nativeReason) {
      if (!begun.has(choice)) delta(choice, {});
      const native = JSON.stringify(nativeReason);
      write(`[{"index":${choice},"delta":{},"finish_reason":"${reason}","native_finish_reason":${native}}]`);
    },
    usage: (usage) => write(`[],"usage":${JSON.stringify(usage)}`),
    done() {
      out += Buffer.from(SSE_DONE).toString();
    },
    fail(message, type, event) {
      if (error !== null) return;
      error = event;
      out += `data: ${JSON.stringify({ error: { message, type, param: null, code: null } })}\n\n`;
    },
    take() {
      const taken = out;
      out = '';
      return taken;
    },
    get spoke() {
      return spoke;
    },
    get error() {
      return error;
    },
  };
}

function parse(data: string): unknown {
  try {
    return parseAnswer(data);
  } catch {
    return null;
  }
}

export function createTranslator(
  circumstances: Circumstances,
  createReader: (writer: ChunkWriter, circumstances: Circumstances) => Reader,
): Translator {
  const draft = createDraft(circumstances);
  const reader = createReader(draft, circumstances);
  const cutter = createEventCutter(MOST_EVENT_BYTES);

  const read = (events: Uint8Array): void => {
    for (let start = 0; start < events.length && draft.error === null;) {
      const end = eventEnd(events, start);
      const data = eventData(events.subarray(start, end));
      if (data !== null) reader.take(parse(data));
      start = end;
    }
  };
  const taken = (): Buffer | null => {
    const out = draft.take();
    return out === '' ? null : Buffer.from(out);
  };

  return {
    push(chunk) {
      const events = cutter.push(chunk);
      if (events === null) return null;
      read(events);
      return taken();
    },
    end() {
      read(cutter.rest());
      if (draft.error === null) reader.end();
      return taken();
    },
    get spoke() {
      return draft.spoke;
    },
    get error() {
      return draft.error;
    },
  };
}

/** A whole answer is read as the events that a stream of it would have had, so that both say the same. */
export function readAsEvents(
  events: readonly unknown[],
  circumstances: Circumstances,
  createReader: (writer: ChunkWriter, circumstances: Circumstances) => Reader,
): { completion: Completion; bytes: Buffer } {
  const draft = createDraft(circumstances);
  const reader = createReader(draft, circumstances);
  for (const event of events) reader.take(event);
  reader.end();
  const completion = draft.error === null ? completionFromStream(Buffer.from(draft.take())) : null;
  if (completion === null || completion.choices.length === 0) throw new Error('The answer holds no message.');
  return { completion, bytes: Buffer.from(JSON.stringify(completion)) };
}
