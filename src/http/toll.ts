// What a request that is passed through may cost: held before it goes out, settled by the usage that its answer tells.
import type { IncomingMessage } from 'node:http';
import { costOf, upperBoundTokens, type Admission, type PlannedCall } from '../accounts/index.ts';
import {
  NO_MONEY,
  type Clock,
  type Model,
  type Nano,
  type Settings,
  type Spender,
  type Usage,
  type Written,
} from '../contract/index.ts';
import { jsonAsWritten } from '../wire/index.ts';
import { userOf, type Visit } from './chat.ts';
import type { Options } from './options.ts';
import { createUsageWatch } from './usage-watch.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface TollParts {
  readonly admission: Admission;
  readonly clock: Clock;
}

interface Crossing {
  readonly visit: Visit;
  readonly settings: Settings;
  readonly model: Model;
  /** `embeddings`, `completions`, `responses` … */
  readonly family: string;
  readonly options: Options<object>;
  /** As it goes out; null: a form that is streamed. */
  readonly bytes: Uint8Array | null;
  /** Of the whole body, a form's too. */
  readonly length: number;
  readonly fields: Fields;
  /** What `fields` was read from. */
  readonly written: Written | undefined;
}

interface Spent {
  readonly usage: Usage;
  readonly estimated: boolean;
  readonly cost: Nano;
}

export interface Toll {
  /** What goes out: its output limited to what is paid for. */
  readonly body: Uint8Array | null;
  readonly clamped: boolean;
  /** null: not known yet, or nothing. */
  readonly spent: Spent | null;
  /** Watches the answer as it passes, and settles when it has ended, however it ends. `onUsed` hears of its tokens. */
  watch(answer: IncomingMessage, onUsed: (tokens: number) => void): void;
  /** No answer came; `isLate`: in the time there was for it. */
  failed(isLate?: boolean): void;
}

/** What these write isn't counted in tokens that cost. */
const SILENT: ReadonlySet<string> = new Set(['embeddings', 'moderations', 'rerank']);
/** Where the caller limits the output, and so can we. */
const LIMIT_FIELD: Readonly<Record<string, string>> = { completions: 'max_tokens', responses: 'max_output_tokens' };
/** What the upstream adds to the input from its own store. */
const REFERENCES = ['previous_response_id', 'conversation'];
const CALL = 'pass';
/** Bytes of English a token stands for. */
const TOKEN_BYTES = 4;
/** Speech takes more bytes a token than this even at the lowest rates: 10 tokens a second, Opus at 6 kbit/s. */
const SPEECH_TOKEN_BYTES = 50;

/** Rejects as `admit` does. */
export async function openToll({ admission, clock }: TollParts, crossing: Crossing): Promise<Toll> {
  const { visit, settings, family, length, options } = crossing;
  const at = clock.now();
  const spender = spenderOf(crossing);
  const reservation = await admission.admit({
    id: visit.id,
    at,
    calls: [callOf(crossing)],
    strategy: null,
    task: null,
    ceiling: options.wishes.maxCost,
    spender,
    signal: visit.gone,
  });
  let ended = false;
  let spent: Spent | null = null;
  const settle = (usage: Usage, estimated: boolean): void => {
    if (ended) return;
    ended = true;
    const price = reservation.priceOf(CALL);
    const counted = price === null ? NO_MONEY : costOf(price, usage);
    // A guess never exceeds what was held for it.
    const cost = estimated ? (Math.min(counted, reservation.amountOf(CALL) ?? counted) as Nano) : counted;
    spent = { usage, estimated, cost };
    reservation.settle(CALL, { at: clock.now(), cost, usage, estimated, priceVersion: settings.version });
    reservation.finish();
  };
  const release = (): void => {
    if (ended) return;
    ended = true;
    reservation.release(CALL);
    reservation.finish();
  };
  const guess = (output: number): Usage =>
    usageOf(Math.ceil(length / (family === 'audio' ? SPEECH_TOKEN_BYTES : TOKEN_BYTES)), output);

  return {
    body: limited(crossing, reservation.clamps.get(CALL) ?? null),
    clamped: reservation.clamps.has(CALL) && LIMIT_FIELD[family] !== undefined,
    get spent() {
      return spent;
    },
    watch(answer, onUsed) {
      if ((answer.statusCode ?? 502) >= 300) {
        release();
        return;
      }
      const watch = createUsageWatch(String(answer.headers['content-type']).startsWith('text/event-stream'));
      answer.on('data', (chunk: Uint8Array) => watch.push(chunk));
      answer.on('close', () => {
        const told = watch.usage();
        const usage = told ?? guess(SILENT.has(family) ? 0 : watch.outputTokens());
        settle(usage, told === null);
        onUsed(usage.total_tokens);
      });
    },
    // Whoever leaves after the request went out, or waits no longer, has had it worked on.
    failed: (isLate = false) => (isLate || visit.gone.aborted ? settle(guess(0), true) : release()),
  };
}

/** Whose money it is. */
export function spenderOf({ visit, options, fields }: Pick<Crossing, 'visit' | 'options' | 'fields'>): Spender {
  const { tenant, keyId, team, user, tags } = visit.visitor.caller;
  return { tenant, keyId, team, user: userOf(fields) ?? user, tags: [...new Set([...tags, ...options.tags])] };
}

function callOf(crossing: Crossing): PlannedCall {
  const { model, family, fields } = crossing;
  const field = LIMIT_FIELD[family];
  const limit = field === undefined ? model.maxOutput : countOf(fields[field]);
  const prompt = fields['prompt'];
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
  return {
    id: CALL,
    model,
    sent: true,
    inputAtMost: inputAtMost(crossing),
    outputAtMost: SILENT.has(family) ? 0 : limit,
    choices: Math.max(countOf(fields['n']) ?? 1, countOf(fields['best_of']) ?? 1) * prompts,
  };
}

function inputAtMost({ model, family, fields, bytes, length }: Crossing): number {
  if (REFERENCES.some((name) => fields[name] !== undefined && fields[name] !== null)) return model.context;
  if (family === 'audio' && bytes === null) return Math.ceil(length / SPEECH_TOKEN_BYTES);
  if (bytes === null) return upperBoundTokens(length, 1);
  if (family !== 'responses') return upperBoundTokens(length);
  const text = Buffer.from(bytes).toString('latin1');
  // A file may stand elsewhere, and be as long as the model can read.
  return text.includes('"input_file"')
    ? model.context
    : upperBoundTokens(length, text.split('"input_image"').length - 1);
}

const countOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;

function limited({ family, fields, bytes, model, written }: Crossing, tokens: number | null): Uint8Array | null {
  const field = LIMIT_FIELD[family];
  if (tokens === null || field === undefined || bytes === null) return bytes;
  return Buffer.from(jsonAsWritten({ ...fields, model: model.upstreamModel, [field]: tokens }, written));
}

const usageOf = (input: number, output: number): Usage => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
});
