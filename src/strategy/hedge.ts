// A stream that is silent for longer than its model usually is gets a rival; who speaks first is heard, the other is let go.
import { Abort, anyAbort, CallFailure, type Clock } from '../contract/index.ts';
import { LEAST_MS, type AskOptions, type Hedging, type LiveAnswer, type Panel } from './panel.ts';

interface Runner {
  readonly opened: Promise<LiveAnswer>;
  /** Ends it, begun or not; what it used is on the record. */
  dismiss(): void;
}

function run(panel: Panel, model: string, options: AskOptions, hedging: Hedging): Runner {
  const gone = new Abort();
  const startedAt = panel.clock.now();
  const opened = panel.open(model, { ...options, signal: anyAbort(options.signal, gone) });
  opened.then(
    () => hedging.saw(model, panel.clock.now() - startedAt),
    () => undefined,
  );
  return {
    opened,
    dismiss() {
      gone.abort(new CallFailure('aborted', 'the other one spoke first'));
      const nobody = { write: () => true, drained: () => Promise.resolve() };
      opened.then((live) => live.pump(nobody)).catch(() => undefined);
    },
  };
}

/** Resolves with true after the time, with false when the promise settled before. */
function silentFor(clock: Clock, afterMs: number, opened: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(afterMs, () => resolve(true));
    const settled = (): void => {
      cancel();
      resolve(false);
    };
    opened.then(settled, settled);
  });
}

/** As `panel.open`; the first failure counts only when both have failed. */
export async function openHedged(
  panel: Panel,
  model: string,
  options: AskOptions,
  hedging: Hedging,
): Promise<LiveAnswer> {
  const first = run(panel, model, options, hedging);
  const afterMs = hedging.afterMs(model);
  const rival = panel.plan.reserve.find((name) => name !== model && panel.objection(name, LEAST_MS) === null);
  if (afterMs === null || rival === undefined) return first.opened;
  const isSilent = await silentFor(panel.clock, afterMs, first.opened);
  if (!isSilent || panel.signal.aborted || !hedging.take()) return first.opened;
  panel.tell({
    stage: 1,
    type: 'escalated',
    model: rival,
    detail: `${model} has been silent for ${Math.round(afterMs)} ms`,
  });
  const second = run(panel, rival, { ...options, role: 'fallback', replaceable: true }, hedging);
  const winner = await Promise.any([
    first.opened.then((live) => ({ live, loser: second })),
    second.opened.then((live) => ({ live, loser: first })),
  ]).catch(() => null);
  if (winner === null) return first.opened;
  winner.loser.dismiss();
  return winner.live;
}
