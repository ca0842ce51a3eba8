// Looks again and again, for what other processes on the same store have done.
import type { Clock } from '../contract/index.ts';

/** At once, and from then on `everyMs`; a look that fails is told of and made again. The returned function ends it. */
export function poll(clock: Clock, everyMs: number, look: () => void, onTrouble: (error: unknown) => void): () => void {
  let cancel = (): void => undefined;
  const again = (): void => {
    try {
      look();
    } catch (error) {
      onTrouble(error);
    }
    cancel = clock.after(everyMs, again);
  };
  again();
  return () => cancel();
}
