// Each model's pace, and what a call wants of it.
import type { ChatRequest, Clock, UpstreamCall } from '../contract/index.ts';
import { createPaceLine, type Pacer, type PaceLine } from './pacing.ts';

export type { Turn } from './pacing.ts';

export interface ModelPace {
  readonly model: string;
  readonly provider: string;
  /** Milliseconds until the next request may go out; 0: at once. */
  readonly waitMs: number;
  readonly limits: readonly {
    readonly name: string;
    readonly remaining: number;
    readonly limit: number | null;
    /** Milliseconds since the epoch. */
    readonly resetAt: number | null;
  }[];
}

export interface Paces {
  of(call: Pick<UpstreamCall, 'provider' | 'model'>): PaceLine;
  wishOf(call: UpstreamCall, leftMs: number): Pacer;
  /** Models that would have to wait longer than it takes to ask another, and how long; null: none. */
  held(): ReadonlyMap<string, number> | null;
  snapshot(): readonly ModelPace[];
}

/** A call that another model can take waits no longer than this. */
const SOONER_MS = 250;
const MOST_MS = 10_000;
/** Of English; fewer are never counted by a provider for so much text. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of the text at the least. Pure. */
function tokensOf({ messages }: ChatRequest): number {
  let characters = 0;
  for (const { content } of messages) if (typeof content === 'string') characters += content.length;
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

interface Entry {
  readonly model: string;
  readonly provider: string;
  readonly line: PaceLine;
}

/** `mostMs`: how long a call waits that nobody else can take. */
export function createPaces(clock: Clock, mostMs: () => number = () => MOST_MS): Paces {
  const entries = new Map<string, Entry>();
  const known = new WeakMap<UpstreamCall['model'], { provider: UpstreamCall['provider']; line: PaceLine }>();

  function entryOf({ provider, model }: Pick<UpstreamCall, 'provider' | 'model'>): Entry {
    const name = `${provider.name} ${provider.baseUrl} ${model.upstreamModel}`;
    const found = entries.get(name);
    if (found !== undefined) return found;
    const entry = { model: model.name, provider: provider.name, line: createPaceLine(clock) };
    entries.set(name, entry);
    return entry;
  }

  return {
    of(call) {
      const found = known.get(call.model);
      if (found !== undefined && found.provider === call.provider) return found.line;
      const { line } = entryOf(call);
      known.set(call.model, { provider: call.provider, line });
      return line;
    },
    wishOf: ({ request, tenant, replaceable, signal }, leftMs) => ({
      tokens: tokensOf(request),
      tenant: tenant ?? '',
      signal,
      mostMs: Math.min(leftMs, replaceable === true ? SOONER_MS : mostMs()),
    }),
    held() {
      let held: Map<string, number> | null = null;
      for (const { model, line } of entries.values()) {
        if (line.isFree) continue;
        const waitMs = line.waitMs();
        if (waitMs > SOONER_MS) (held ??= new Map()).set(model, waitMs);
      }
      return held;
    },
    snapshot: () =>
      [...entries.values()].map(({ model, provider, line }) => ({
        model,
        provider,
        waitMs: line.waitMs(),
        limits: line.pace.snapshot(),
      })),
  };
}
