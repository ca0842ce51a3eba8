// What happens to one request, as it happens: events, attempts, money and time.
import {
  NO_MONEY,
  type Attempt,
  type CacheState,
  type Clock,
  type ConfidenceFacts,
  type Decision,
  type FailedRequest,
  type Flag,
  type Merged,
  type Nano,
  type ProgressEvent,
  type RequestRecord,
  type Settings,
  type SlimSaving,
  type Traits,
} from '../contract/index.ts';
import type { CacheEntry } from '../cache/index.ts';
import type { Outcome } from '../strategy/index.ts';
import type { Lease } from '../upstream/index.ts';
import type { Inbound, Told } from './exchange.ts';
import { factsOf, failsChecks } from './facts.ts';
import type { Purse } from './purse.ts';
import { partTold, type Trial } from './trial.ts';

type Listener = (event: ProgressEvent | null) => void;
type Telling = Pick<ProgressEvent, 'stage' | 'type' | 'model' | 'detail'>;

const STAGES = ['route', 'members', 'rankings', 'synthesis'] as const;

export class Trail {
  readonly inbound: Inbound;
  readonly attempts: Attempt[] = [];
  readonly events: ProgressEvent[] = [];
  readonly flags = new Set<Flag>();
  cache: CacheState = 'bypass';
  cacheAgeMs: number | null = null;
  /** The caller's own request whose answer is given again. */
  origin: string | null = null;
  decision: Decision | null = null;
  strategy: string | null = null;
  task: string | null = null;
  tier: string | null = null;
  models: readonly string[] = [];
  merged: Merged | null = null;
  purse: Purse | null = null;
  /** The slots that it holds until its end. */
  lease: Lease | null = null;
  role: string | null = null;
  confidence: number | null = null;
  /** What the confidence rests on. */
  facts: ConfidenceFacts | null = null;
  traits: (() => Traits) | null = null;
  agreement: number | null = null;
  slimmed: SlimSaving | null = null;
  /** Its part in experiments. */
  trial: Trial | null = null;
  /** A live stream's bytes, where something runs beside it. */
  streamed: Uint8Array | null = null;
  cost: Nano = NO_MONEY;
  ended = false;
  /** Of the response, once it has ended. */
  status = 0;
  errorCode: string | null = null;
  /** Until its end. */
  totalMs = 0;
  firstByteMs: number | null = null;
  readonly #clock: Clock;
  readonly #confide: (facts: ConfidenceFacts) => number | null;
  /** As a rule nobody follows. */
  #listeners: Set<Listener> | null = null;
  #inFlight = 0;
  #waitingSince = 0;
  #upstreamMs = 0;

  /** `confide`: how sure one can be, calibrated; null where too little is known. */
  constructor(inbound: Inbound, clock: Clock, confide: (facts: ConfidenceFacts) => number | null = () => null) {
    this.inbound = inbound;
    this.#confide = confide;
    this.#clock = clock;
  }

  /** Milliseconds after the request came in. */
  elapsed(): number {
    return round(this.#clock.now() - this.inbound.receivedAt);
  }

  tell(telling: Telling): void {
    const last = this.events.at(-1);
    const event: Writable<ProgressEvent> = {
      seq: this.events.length + 1,
      stage: Math.max(last?.stage ?? 0, telling.stage),
      type: telling.type,
      atMs: this.elapsed(),
    };
    if (telling.model !== undefined) event.model = telling.model;
    if (telling.detail !== undefined) event.detail = telling.detail;
    this.events.push(event);
    if (this.#listeners !== null) for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` with each event from now on and with null at the end; the returned function stops it. */
  follow(listener: Listener): () => void {
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    if (this.ended) listener(null);
    return () => listeners.delete(listener);
  }

  /** A request that has ended meanwhile holds nothing. */
  holds(role: string | null, lease: Lease): void {
    this.role = role;
    this.lease = lease;
    if (this.ended) lease.release();
  }

  isDecided(decision: Decision, purse: Purse): void {
    this.decision = decision;
    this.purse = purse;
    if (purse.smaller !== null) this.flags.add('downgraded');
    if (purse.clamped) this.flags.add('clamped');
    const { shortOf } = decision.plan;
    if (shortOf !== undefined) this.flags.add(shortOf === 'models' ? 'degraded' : 'downgraded');
    this.strategy = decision.plan.call.kind;
    this.task = decision.classification.task;
    this.tier = decision.tier;
    this.tell({ stage: 0, type: 'routed', detail: `${decision.classification.task}: ${decision.plan.call.kind}` });
  }

  /** Takes over what an outcome says of itself. */
  comesTo(outcome: Outcome, settings: Settings): void {
    const { merged } = outcome;
    this.strategy = outcome.reached;
    this.models = outcome.kind === 'live' && merged === null ? [outcome.live.model] : merged!.models;
    this.merged = merged;
    if (outcome.degraded) this.flags.add('degraded');
    if (this.models.some((name) => settings.models.get(name)?.simulated)) this.flags.add('simulated');
    if (this.decision !== null) {
      this.facts = factsOf(outcome, this.attempts, this.decision);
      this.confidence = this.#confide(this.facts);
    }
    const sure = this.confidence ?? (merged === null ? 1 : (this.decision?.expectedQuality ?? 1));
    if (sure < settings.routing.reviewBelow) this.flags.add('low_confidence');
    if (merged === null) return;
    const voices = merged.camps.reduce((sum, camp) => sum + camp.models.length, 0);
    if (voices > 1) this.agreement = merged.agreement;
    if (merged.disputed) this.flags.add('disputed');
    if (merged.tie) this.flags.add('tie');
    if (merged.violations.length > 0 || failsChecks(merged, this.attempts)) this.flags.add('low_confidence');
  }

  /** It is the answer that was given before. Of others' requests nobody is told. */
  repeats(entry: CacheEntry, ageMs: number | null): void {
    if (entry.tenant === this.inbound.principal.tenant) this.origin = entry.origin ?? null;
    this.cacheAgeMs = ageMs;
    this.models = entry.models;
    this.strategy = entry.strategy;
    this.task = entry.task;
    this.tier = entry.tier;
    this.agreement = entry.agreement;
    this.confidence = entry.confidence;
    this.facts = entry.facts ?? null;
    for (const flag of entry.flags) this.flags.add(flag);
  }

  callBegins(): void {
    if (this.#inFlight++ === 0) this.#waitingSince = this.#clock.now();
  }

  callEnds(attempt: Attempt): void {
    this.#waitEnds();
    this.attempts.push(attempt);
    this.cost = (this.cost + attempt.cost) as Nano;
  }

  /** For another request's calls: that time is the models', too. */
  async waits<Value>(value: Promise<Value>): Promise<Value> {
    this.callBegins();
    try {
      return await value;
    } finally {
      this.#waitEnds();
    }
  }

  #waitEnds(): void {
    if (--this.#inFlight === 0) this.#upstreamMs += this.#clock.now() - this.#waitingSince;
  }

  /** What is known now; `final` when the answer is complete. */
  told(final: boolean): Told {
    const totalMs = this.elapsed();
    const waiting = this.#inFlight > 0 ? this.#clock.now() - this.#waitingSince : 0;
    const upstreamMs = this.#upstreamMs + waiting;
    const queueMs = this.lease?.waitedMs ?? 0;
    return {
      models: this.models,
      strategy: this.strategy,
      task: this.task,
      tier: this.tier,
      confidence: this.confidence,
      agreement: this.agreement,
      flags: [...this.flags],
      cache: this.cache,
      cacheAgeMs: this.cacheAgeMs,
      cost: final ? this.cost : null,
      attempts: final ? this.attempts.length : null,
      overheadMs: round(totalMs - upstreamMs - queueMs),
      upstreamMs: round(upstreamMs),
      totalMs: round(totalMs),
      experiment: this.trial === null ? null : partTold(this.trial.part),
    };
  }

  /** What is told of a request that came to nothing. */
  failed(): FailedRequest {
    const { cache, strategy, task, tier, cost, attempts } = this;
    return {
      cache,
      strategy,
      task,
      tier,
      cost,
      attempts: attempts.length,
      overheadMs: this.told(true).overheadMs ?? 0,
    };
  }

  /** Whoever follows is told. */
  end(status: number, errorCode: string | null): void {
    this.tell(errorCode === null ? { stage: 4, type: 'done' } : { stage: 4, type: 'done', detail: errorCode });
    this.ended = true;
    this.status = status;
    this.errorCode = errorCode;
    this.totalMs = this.elapsed();
    for (const listener of this.#listeners ?? []) listener(null);
    this.#listeners = null;
  }

  /** Of a request that has ended. */
  timings(): RequestRecord['timings'] {
    const { totalMs, firstByteMs, role } = this;
    const upstreamMs = this.#upstreamMs;
    const queueMs = this.lease?.waitedMs ?? 0;
    return {
      totalMs,
      firstByteMs,
      upstreamMs: round(upstreamMs),
      overheadMs: round(totalMs - upstreamMs - queueMs),
      stages: this.#stages(totalMs),
      ...(role !== null && { queueMs: round(queueMs) }),
    };
  }

  /** Milliseconds spent in each stage that was reached. */
  #stages(totalMs: number): Record<string, number> {
    const spent: Record<string, number> = {};
    let [stage, since] = [0, 0];
    for (const event of this.events) {
      if (event.stage <= stage || event.stage >= STAGES.length) continue;
      spent[STAGES[stage]!] = round(event.atMs - since);
      stage = event.stage;
      since = event.atMs;
    }
    spent[STAGES[stage]!] = round(totalMs - since);
    return spent;
  }
}

export type Writable<Shape> = { -readonly [Name in keyof Shape]: Shape[Name] };

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
