// The path of a request, top to bottom: recall, classify and plan, ask, merge, settle, remember, learn.
import {
  asQuorumError,
  failedWith,
  QuorumError,
  Roster,
  type Balance,
  type Clock,
  type CurrentSettings,
  type LearningPath,
  type MergeContext,
  type Merger,
  type Random,
  type RequestRecord,
  type Settings,
  type Upstream,
  type Wishes,
} from './contract/index.ts';
import type { Admission } from './accounts/index.ts';
import { BOUNDLESS, type Capacity, type Pressure } from './pipeline/capacity.ts';
import { deliver } from './pipeline/deliver.ts';
import type { Answer, Inbound } from './pipeline/exchange.ts';
import { lessonOf } from './pipeline/facts.ts';
import { entryOf } from './pipeline/keep.ts';
import type { Fresh, Memory } from './pipeline/memory.ts';
import { createPanel } from './pipeline/panel.ts';
import { createPlanner, roleOf } from './pipeline/planner.ts';
import { openPurse } from './pipeline/purse.ts';
import { recordOf } from './pipeline/recorded.ts';
import { answerFrom, completionOf, debugOf, whyGone, withDebug } from './pipeline/render.ts';
import { smallerPlans } from './pipeline/smaller.ts';
import { mirror } from './pipeline/mirror.ts';
import { Trail } from './pipeline/trail.ts';
import { partTold, type Trials } from './pipeline/trial.ts';
import { slim } from './slim/index.ts';
import { carryOut, type Hedging, type Outcome, type Panel } from './strategy/index.ts';

export interface PipelineParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: CurrentSettings;
  readonly upstream: Upstream;
  readonly merger: Merger;
  readonly memory: Memory;
  readonly admission: Admission;
  /** How much may be taken on; default: everything. */
  readonly capacity?: Capacity;
  /** When a silent stream gets a rival; absent: never. */
  readonly hedging?: Hedging;
  /** What was learnt, and who learns from what ended. */
  readonly learning: LearningPath;
  /** Experiments on live traffic; absent: none. */
  readonly trials?: Trials;
  /** Gets every request's record once, when the request has ended. */
  readonly done: (record: RequestRecord) => void;
  /** When there is time for what the client needn't wait for; default: at once. */
  readonly later?: (work: () => void) => void;
  /** Told of a fault that came after the answer. */
  readonly onFault: (fault: unknown, requestId: string) => void;
}

export interface Pipeline {
  /** Rejects with `QuorumError` before the first byte; a stream tells its own failures. */
  answer(inbound: Inbound): Promise<Answer>;
  /** What would be done, without doing it. */
  explain(inbound: Inbound): Promise<Explained>;
  /** A request that is under way. */
  running(id: string): Trail | undefined;
}

/** What would be done, as plain data. */
interface Explained {
  readonly budgets: readonly Balance[];
  readonly [field: string]: unknown;
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { clock, memory, learning, capacity = BOUNDLESS, later = (work) => work() } = parts;
  const running = new Roster<Trail>();
  const { wishesOf, plan, look } = createPlanner({ capacity, learning, random: parts.random });

  async function answer(inbound: Inbound): Promise<Answer> {
    const trail = new Trail(inbound, clock, learning.confidence);
    running.set(inbound.id, trail);
    try {
      const current = parts.settings();
      trail.trial = parts.trials?.enrol(inbound, current, look) ?? null;
      const settings = trail.trial?.settings ?? current;
      const wishes = wishesOf(trail.trial?.inbound ?? inbound, settings);
      const recalled = memory.recall(inbound, wishes, settings);
      trail.cache = recalled.state;
      if (recalled.kind === 'fresh') return await make(trail, recalled, wishes, settings);
      if (recalled.kind === 'none')
        throw new QuorumError(
          'cache_miss',
          'The cache holds no answer to this request, and it asked for a cached one only.',
          { shouldRetry: false },
        );
      const entry = recalled.kind === 'known' ? recalled.entry : await trail.waits(recalled.wait());
      trail.repeats(entry, recalled.ageMs);
      const told = trail.told(true);
      close(trail, 200, null);
      return answerFrom(entry, trail, told);
    } catch (thrown) {
      const error = inbound.gone.aborted ? whyGone(inbound.gone) : asQuorumError(thrown);
      close(trail, error.status, error);
      throw failedWith(error, trail.failed());
    }
  }

  async function make(trail: Trail, fresh: Fresh, wishes: Wishes, settings: Settings): Promise<Answer> {
    try {
      const pressure = capacity.admit(trail.inbound.principal.tenant);
      const panel = await convene(trail, fresh, wishes, settings, pressure);
      const stream = (tellsProgress: boolean, outcome: () => Outcome | Promise<Outcome>): Answer => ({
        kind: 'stream',
        told: trail.told(false),
        // Written out: a spread costs more than all the rest of it.
        write: (sink) => deliver({ trail, fresh, clock, settings, close, sink, tellsProgress, outcome }),
      });
      // Several models take their time: the client hears at once that they are at work.
      if (trail.inbound.request.stream === true && panel.plan.call.kind !== 'single')
        return stream(true, () => carryOut(panel));
      const outcome = await carryOut(panel);
      trail.comesTo(outcome, settings);
      if (outcome.kind === 'live') return stream(false, () => outcome);
      const { completion, bytes } = completionOf(outcome.merged);
      fresh.remember(entryOf(trail, 'completion', bytes), completion, null);
      const told = trail.told(true);
      close(trail, 200, null);
      return { kind: 'whole', told, bytes: trail.inbound.debug ? withDebug(bytes, debugOf(trail)) : bytes };
    } catch (thrown) {
      fresh.fail(asQuorumError(thrown));
      throw thrown;
    }
  }

  async function convene(
    trail: Trail,
    fresh: Fresh,
    wishes: Wishes,
    settings: Settings,
    pressure: Pressure,
  ): Promise<Panel> {
    const { inbound } = trail;
    const { decision, traits, forecast } = plan(inbound, wishes, settings, pressure);
    trail.traits = traits;
    const task = settings.tasks.get(decision.classification.task)!;
    const role = roleOf(inbound, decision, settings);
    const slot = capacity.enter(role, inbound.principal.tenant, fresh.signal);
    trail.holds(role, slot instanceof Promise ? await slot : slot);
    const purse = await openPurse(
      {
        admission: parts.admission,
        settings,
        now: clock.now,
        inbound,
        task: task.name,
        ceiling: wishes.maxCost,
        signal: fresh.signal,
      },
      decision.plan,
      () => smallerPlans(decision, wishes, settings, (smaller) => plan(inbound, smaller, settings).decision),
    );
    const taken = purse.smaller === null ? decision : { ...decision, plan: purse.smaller };
    trail.isDecided(taken, purse);
    const slimmed = (task.slim ?? settings.routing.slim) ? slim(inbound.request) : null;
    if (slimmed !== null) trail.slimmed = slimmed.saved;
    const context: MergeContext = {
      request: inbound.request,
      task,
      now: inbound.receivedAt,
      correlation: (first, second) => learning.kinship(task.name, first, second),
    };
    return createPanel({
      upstream: parts.upstream,
      merger: parts.merger,
      ...(parts.hedging !== undefined && { hedging: parts.hedging }),
      clock,
      random: parts.random,
      trail,
      settings,
      decision: taken,
      outgoing: slimmed?.request ?? inbound.request,
      context,
      purse,
      forecast,
      signal: fresh.signal,
      deadlineAt: inbound.receivedAt + (wishes.deadlineMs ?? settings.routing.deadlineMs),
      maxCost: wishes.maxCost ?? settings.routing.maxCostPerRequest,
      forced: wishes.strategy !== null && wishes.strategy !== 'adaptive',
    });
  }

  /** Ends a request, once: what it held is free again. */
  function close(trail: Trail, status: number, error: QuorumError | null): void {
    if (trail.ended) return;
    trail.purse?.close();
    trail.lease?.release();
    trail.end(status, error?.code ?? null);
    trail.inbound.ended?.(trail.attempts);
    later(() => {
      tell(trail);
      // Until its record is kept it is found here.
      running.delete(trail.inbound.id);
    });
  }

  /** Its record goes out, and what it showed is learnt. What goes wrong here is no failure of the request. */
  function tell(trail: Trail): void {
    try {
      parts.done(recordOf(trail));
      if (trail.status !== 200) return;
      const lesson = lessonOf(trail, trail.traits);
      if (lesson !== null) learning.ended(lesson);
      mirror(trail);
    } catch (fault) {
      parts.onFault(fault, trail.inbound.id);
    }
  }

  async function explain(inbound: Inbound): Promise<Explained> {
    const current = parts.settings();
    const trial = parts.trials?.enrol(inbound, current, look) ?? null;
    const settings = trial?.settings ?? current;
    const wishes = wishesOf(trial?.inbound ?? inbound, settings);
    const { decision, features } = plan(inbound, wishes, settings);
    const { text: _, ...shape } = features;
    const budgets = await parts.admission.standing(inbound.spender, inbound.receivedAt);
    return {
      request_id: inbound.id,
      decision,
      features: shape,
      cache: memory.peek(inbound, wishes, settings),
      budgets,
      ...(trial !== null && { experiment: partTold(trial.part) }),
    };
  }

  return { answer, explain, running: (id) => running.get(id) };
}
