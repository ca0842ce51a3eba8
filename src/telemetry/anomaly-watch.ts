// Looks once a minute whether any model is not as it used to be, says so once, and remembers what it said.
import { sleep, type Clock, type PerformanceStore } from '../contract/index.ts';
import { figuresByModel, HISTORY_HOURS, oddities, type Finding, type HourFigures, type Measure } from './anomalies.ts';
import { hourOf } from './tally.ts';

export interface Anomaly extends Finding {
  readonly model: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** null: it goes on. */
  readonly ended: number | null;
}

interface AnomalyWatch {
  /** Those that go on first, then the latest that are over. */
  list(): readonly Anomaly[];
  /** Looks now. */
  look(): Promise<void>;
  stop(): void;
}

interface AnomalyOptions {
  readonly store: PerformanceStore;
  readonly clock: Clock;
  readonly isOn: () => boolean;
  /** Once when it begins, once when it is over. */
  readonly tell: (anomaly: Anomaly) => void;
  readonly onTrouble: (error: unknown) => void;
}

const EVERY_MS = 60_000;
const KEPT = 100;

export function createAnomalyWatch({ store, clock, isOn, tell, onTrouble }: AnomalyOptions): AnomalyWatch {
  const history = new Map<string, Map<number, HourFigures>>();
  const open = new Map<string, Anomaly>();
  const over: Anomaly[] = [];
  let readUntil = 0;

  /** Hours that are over, each read once, with room for requests in between. */
  async function readHistory(hour: number): Promise<void> {
    const from = Math.max(readUntil, hour - HISTORY_HOURS);
    for (const past of store.hours(from, hour - 1)) {
      for (const [model, figures] of figuresByModel(store.ofHour(past))) {
        const hours = history.get(model) ?? new Map<number, HourFigures>();
        hours.set(past, figures);
        history.set(model, hours);
      }
      await sleep(clock, 0);
    }
    readUntil = hour;
    for (const [model, hours] of history) {
      for (const past of hours.keys()) if (past < hour - HISTORY_HOURS) hours.delete(past);
      if (hours.size === 0) history.delete(model);
    }
  }

  async function look(): Promise<void> {
    const hour = hourOf(clock.now());
    await readHistory(hour);
    const now = figuresByModel(store.ofHour(hour));
    for (const [model, figures] of now) {
      const { odd, usual } = oddities(figures, hour, history.get(model) ?? new Map());
      for (const finding of odd) begins(model, finding);
      for (const measure of usual) ends(`${model}\n${measure}`);
    }
    // Nobody calls it any more, so nothing is known to be wrong.
    for (const [key, { model, since }] of open) if (!now.has(model) && hourOf(since) < hour - 1) ends(key);
  }

  function begins(model: string, finding: Finding): void {
    const key = `${model}\n${finding.measure}`;
    const known = open.get(key);
    const anomaly = { ...finding, model, since: known?.since ?? clock.now(), ended: null };
    open.set(key, anomaly);
    if (known === undefined) tell(anomaly);
  }

  function ends(key: string): void {
    const known = open.get(key);
    if (known === undefined) return;
    open.delete(key);
    const ended = { ...known, ended: clock.now() };
    over.unshift(ended);
    over.length = Math.min(over.length, KEPT);
    tell(ended);
  }

  let cancel = (): void => undefined;
  let stopped = false;
  const run = async (): Promise<void> => {
    if (isOn()) await look().catch(onTrouble);
    if (!stopped) cancel = clock.after(EVERY_MS, () => void run());
  };
  cancel = clock.after(EVERY_MS, () => void run());
  return {
    look,
    list: () => [...open.values(), ...over],
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}

const SAID: Readonly<Record<Measure, (value: number) => string>> = {
  latency: (value) => `${Math.round(value)} ms`,
  error_rate: (value) => `${(value * 100).toFixed(1)} % failed`,
  cost: (value) => `$${value.toFixed(6)} a call`,
  agreement: (value) => `agrees in ${(value * 100).toFixed(1)} %`,
};

/** `gpt-x: latency is 2100 ms, 640 ms is usual at this time of day` */
export function anomalyText({ model, measure, value, expected, ended }: Anomaly): string {
  const what = measure.replace('_', ' ');
  if (ended !== null) return `${model}: ${what} is as usual again`;
  return `${model}: ${what} is odd: ${SAID[measure](value)}, usual at this time of day: ${SAID[measure](expected)}`;
}
