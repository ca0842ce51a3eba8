// How late the process is with what it has to do: the event loop's lag, smoothed.
import type { Clock } from '../contract/index.ts';

interface LagMeter {
  /** Milliseconds; what was late half a second ago counts half as much. */
  ms(): number;
  stop(): void;
}

const EVERY_MS = 250;
const WEIGHT = 0.3;

export function createLagMeter(clock: Clock): LagMeter {
  let lag = 0;
  let dueAt = 0;
  let cancel: () => void = () => undefined;
  const look = (): void => {
    lag += WEIGHT * (Math.max(0, clock.now() - dueAt) - lag);
    next();
  };
  const next = (): void => {
    dueAt = clock.now() + EVERY_MS;
    cancel = clock.after(EVERY_MS, look);
  };
  next();
  return { ms: () => lag, stop: () => cancel() };
}
