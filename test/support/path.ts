// The whole path of a request on simulated models and simulated time, without a server.
import { createAdmission, createBudgets, createOutputHistory, NOBODY } from '../../src/accounts/index.ts';
import { createCache, createFlights, parseDirective } from '../../src/cache/index.ts';
import {
  NO_WISHES,
  type ChatRequest,
  type Clock,
  type Ledger,
  type ProgressEvent,
  type RequestRecord,
  type Settings,
  type Wishes,
  type Written,
} from '../../src/contract/index.ts';
import { createEvidence, createLearner, createMemoryLearningStore } from '../../src/learning/index.ts';
import { createMerger } from '../../src/merge/index.ts';
import type { Answer, Inbound, Told } from '../../src/pipeline/exchange.ts';
import { createMemory } from '../../src/pipeline/memory.ts';
import { createPipeline, type Pipeline, type PipelineParts } from '../../src/pipeline.ts';
import { completionFromStream } from '../../src/wire/index.ts';
import { testSettings } from './settings.ts';
import { simulatedClock, type SimulatedClock } from './simulated-clock.ts';
import { simulatedUpstream, type SeenCall, type SimulatedModel } from './simulated-models.ts';

export interface Asking {
  readonly wishes?: Partial<Wishes>;
  readonly cache?: string;
  readonly tenant?: string;
  readonly role?: string;
  readonly gone?: AbortController;
  readonly events?: boolean;
  readonly debug?: boolean;
  readonly written?: Written;
}

export interface Heard {
  readonly told: Told;
  /** The message of the first choice. */
  readonly message: Record<string, unknown>;
  readonly finishReason: string | null;
  /** Everything that was written, for streams. */
  readonly text: string;
  /** When each write was made, for streams. */
  readonly writes: readonly { readonly at: number; readonly text: string }[];
}

interface Path {
  readonly clock: SimulatedClock;
  readonly pipeline: Pipeline;
  readonly records: RequestRecord[];
  readonly calls: SeenCall[];
  /** Runs in simulated time to the end of the answer. */
  ask(request: Partial<ChatRequest>, asking?: Asking): Promise<Heard>;
  /** Begins without letting time pass. */
  begin(request: Partial<ChatRequest>, asking?: Asking): Promise<Heard>;
}

export function testPath(
  models: Readonly<Record<string, SimulatedModel>>,
  settings: Settings = testSettings(),
  seed = 1,
  more: Partial<PipelineParts> = {},
): Path {
  const clock = simulatedClock();
  const upstream = simulatedUpstream(clock, models);
  const records: RequestRecord[] = [];
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const pipeline = createPipeline({
    clock,
    random,
    settings: () => settings,
    upstream,
    merger: createMerger(),
    memory: createMemory(createCache({ clock, limits: () => settings.cache }), createFlights(), () => clock.now()),
    learning: createLearner({
      evidence: createEvidence({ halfLifeMs: 7 * 86_400_000, priorStrength: 10 }, []),
      sums: { add: () => {} },
      store: createMemoryLearningStore(),
      model: (name) => settings.models.get(name),
      now: () => clock.now(),
      onChange: () => {},
    }),
    admission: freeOfCharge(clock),
    done: (record) => records.push(record),
    onFault: (fault) => {
      throw fault;
    },
    ...more,
  });
  let count = 0;

  async function begin(request: Partial<ChatRequest>, asking: Asking = {}): Promise<Heard> {
    const inbound: Inbound = {
      id: `req_${++count}`,
      principal: { tenant: asking.tenant ?? 'local', team: null, keyId: null, admin: false },
      request: { model: 'auto', messages: [{ role: 'user', content: 'Is it so?' }], ...request },
      wishes: { ...NO_WISHES, ...asking.wishes },
      permissions: NOBODY.permissions,
      spender: { tenant: asking.tenant ?? 'local', keyId: null, team: null, user: null, tags: [] },
      bodyBytes: 1_000,
      directive: parseDirective(asking.cache ?? 'off'),
      session: null,
      role: asking.role ?? null,
      events: asking.events ?? false,
      debug: asking.debug ?? false,
      receivedAt: clock.now(),
      endpoint: '/v1/chat/completions',
      gone: (asking.gone ?? new AbortController()).signal,
      ...(asking.written !== undefined && { written: asking.written }),
    };
    return hear(await pipeline.answer(inbound), clock);
  }

  return {
    clock,
    pipeline,
    records,
    calls: upstream.calls,
    begin,
    ask: (request, asking) => clock.runUntil(begin(request, asking)),
  };
}

/** No budget applies, so nothing but posting is ever asked of the ledger. */
const freeOfCharge = (clock: Clock) =>
  createAdmission({
    ledger: { post: () => {} } as unknown as Ledger,
    budgets: createBudgets(() => []),
    history: createOutputHistory(),
    clock,
    dearestPrice: () => null,
    heldWaitMs: () => 0,
  });

async function hear(answer: Answer, clock: SimulatedClock): Promise<Heard> {
  const decoder = new TextDecoder();
  if (answer.kind === 'whole') {
    const text = decoder.decode(answer.bytes);
    const [choice] = (
      JSON.parse(text) as { choices: { message: Record<string, unknown>; finish_reason: string | null }[] }
    ).choices;
    return { told: answer.told, message: choice!.message, finishReason: choice!.finish_reason, text, writes: [] };
  }
  const writes: { at: number; text: string }[] = [];
  await answer.write({
    write(bytes) {
      writes.push({ at: clock.now(), text: decoder.decode(bytes) });
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const text = writes.map((each) => each.text).join('');
  const choice = completionFromStream(new TextEncoder().encode(text))?.choices[0];
  return {
    told: answer.told,
    message: { ...choice?.message },
    finishReason: choice?.finish_reason ?? null,
    text,
    writes,
  };
}

/** The progress that a stream told, from its comments or its named events. */
export function progressOf({
  writes,
}: Heard): (ProgressEvent & { readonly at_ms: number; readonly writtenAt: number })[] {
  return writes.flatMap(({ at, text }) => {
    const json = /^(?:: quorum |event: quorum\.progress\ndata: )(\{"seq".*\})/.exec(text)?.[1];
    return json === undefined ? [] : [{ ...(JSON.parse(json) as ProgressEvent & { at_ms: number }), writtenAt: at }];
  });
}
