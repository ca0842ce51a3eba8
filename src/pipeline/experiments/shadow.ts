// Runs another policy beside the one that served, once the client has its answer. Nothing here can delay, change or fail a request.
import {
  Abort,
  usdOf,
  type Clock,
  type Completion,
  type ExperimentStore,
  type Merger,
  type RequestRecord,
  type ShadowRun,
} from '../../contract/index.ts';
import { readCompletion } from '../../wire/index.ts';
import type { Pipeline, PipelineParts } from '../../pipeline.ts';
import type { Inbound } from '../exchange.ts';
import type { Trials } from '../trial.ts';
import { besideOf, shownOf } from './beside.ts';
import type { Errand } from './enrol.ts';
import type { Tally } from './tally.ts';

/** The answer is out by then. */
const SOON_MS = 20;
/** How long what ran waits to be written with others. */
const WRITE_MS = 500;
/** Requests that wait take no more memory than this. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface ShadowParts {
  /** Makes the path that runs beside: everything of its own but the money's one way in. Called when it is first needed. */
  readonly open: (own: Pick<PipelineParts, 'trials' | 'done'>, teaches: boolean) => Pipeline;
  readonly merger: Merger;
  readonly store: Pick<ExperimentStore, 'addShadows'>;
  readonly tally: Pick<Tally, 'beside'>;
  readonly clock: Clock;
  /** Those who pay need all there is: nothing is run beside. */
  readonly isBusy: () => boolean;
  readonly onTrouble: (error: unknown) => void;
}

export interface Shadow {
  offer(errand: Errand): void;
  /** Writes what waits to be written. */
  flush(): void;
  /** Since the start: what ran, and what was left out since there was too much of it. */
  stats(): { readonly ran: number; readonly dropped: number; readonly waiting: number; readonly running: number };
  close(): void;
}

/** Nobody's request bears it. */
const idOf = ({ inbound, experiment, arm }: Errand): string => `${inbound.id}.${experiment.name}.${arm.name}`;

export function createShadow(parts: ShadowParts): Shadow {
  const { clock, tally, store } = parts;
  const waiting: Errand[] = [];
  const underWay = new Map<string, Errand>();
  const records = new Map<string, RequestRecord>();
  const aborts = new Set<Abort>();
  const perExperiment = new Map<string, number>();
  const paths = new Map<boolean, Pipeline>();
  let bytes = 0;
  let counts = { ran: 0, dropped: 0 };
  let cancel: (() => void) | null = null;
  let unwritten: ShadowRun[] = [];
  let cancelWrite: (() => void) | null = null;
  let closed = false;

  const trials: Trials = {
    enrol(inbound) {
      const { inbound: asked, settings } = underWay.get(inbound.id)!;
      return { inbound: { ...inbound, wishes: asked.wishes }, settings, part: [], mirror: null };
    },
  };
  const done = (record: RequestRecord): void => void records.set(record.id, record);

  function pathFor(teaches: boolean): Pipeline {
    const path = paths.get(teaches) ?? parts.open({ trials, done }, teaches);
    paths.set(teaches, path);
    return path;
  }

  function offer(errand: Errand): void {
    const { shadow } = errand.experiment;
    const size = errand.inbound.bodyBytes;
    const inLine = waiting.filter(({ experiment }) => experiment.name === errand.experiment.name).length;
    if (
      closed ||
      shadow === null ||
      inLine >= shadow.queue + shadow.parallel ||
      bytes + size > MOST_BYTES ||
      parts.isBusy()
    ) {
      counts = { ...counts, dropped: counts.dropped + 1 };
      return;
    }
    waiting.push(errand);
    bytes += size;
    cancel ??= clock.after(SOON_MS, next);
  }

  function next(): void {
    cancel = null;
    for (let at = 0; at < waiting.length;) {
      const errand = waiting[at]!;
      const { name, shadow } = errand.experiment;
      const running = perExperiment.get(name) ?? 0;
      if (running >= shadow!.parallel) {
        at += 1;
        continue;
      }
      waiting.splice(at, 1);
      perExperiment.set(name, running + 1);
      void run(errand)
        .catch(parts.onTrouble)
        .finally(() => {
          bytes -= errand.inbound.bodyBytes;
          perExperiment.set(name, perExperiment.get(name)! - 1);
          if (!closed && waiting.length > 0) cancel ??= clock.after(0, next);
        });
    }
  }

  async function run(errand: Errand): Promise<void> {
    const { experiment } = errand;
    const id = idOf(errand);
    const gone = new Abort();
    const { deadline, teach } = experiment.shadow!;
    const tooLate = clock.after(deadline, () => gone.abort());
    aborts.add(gone);
    underWay.set(id, errand);
    try {
      const answer = await pathFor(teach)
        .answer(asShadow(errand, id, clock.now(), gone))
        .catch(() => null);
      report(errand, id, answer?.kind === 'whole' ? readCompletion(answer.bytes) : null);
    } finally {
      tooLate();
      aborts.delete(gone);
      underWay.delete(id);
      records.delete(id);
    }
  }

  function report(errand: Errand, id: string, completion: Completion | null): void {
    const record = records.get(id);
    if (closed || record === undefined) return;
    counts = { ...counts, ran: counts.ran + 1 };
    const { experiment, arm, served } = errand;
    const run = besideOf(errand, record, completion, parts.merger);
    const of = { experiment: experiment.name, design: experiment.design };
    tally.beside({ ...of, arm: experiment.control }, { cost: usdOf(served.costNano), latency: served.ms, errors: 0 });
    tally.beside({ ...of, arm: arm.name }, shownOf(run));
    unwritten.push(run);
    cancelWrite ??= clock.after(WRITE_MS, flush);
  }

  function flush(): void {
    cancelWrite?.();
    cancelWrite = null;
    const runs = unwritten;
    unwritten = [];
    try {
      if (runs.length > 0) store.addShadows(runs);
    } catch (error) {
      parts.onTrouble(error);
    }
  }

  return {
    offer,
    flush,
    stats: () => ({
      ...counts,
      waiting: waiting.length,
      running: underWay.size,
    }),
    close() {
      closed = true;
      cancel?.();
      flush();
      waiting.length = 0;
      for (const abort of aborts) abort.abort();
    },
  };
}

/** The same question, whole and for nobody: no cache, no key's limits, money of its own. */
function asShadow({ experiment: { name, shadow }, inbound }: Errand, id: string, at: number, gone: Abort): Inbound {
  const { stream: _, stream_options: __, ...request } = inbound.request;
  return {
    id,
    principal: { tenant: `shadow:${name}`, team: null, keyId: null, admin: false },
    request,
    wishes: { ...inbound.wishes, maxCost: null, deadlineMs: shadow!.deadline },
    permissions: inbound.permissions,
    directive: { read: false, write: false, only: false, ttlMs: null },
    spender: { tenant: `shadow:${name}`, keyId: null, team: null, user: null, tags: [`shadow:${name}`], shadow: name },
    bodyBytes: inbound.bodyBytes,
    session: null,
    events: false,
    debug: false,
    receivedAt: at,
    endpoint: 'shadow',
    gone,
  };
}
