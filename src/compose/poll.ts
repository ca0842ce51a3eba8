// Looks again and again, for what other processes on the same store have done.
import type { Clock } from '../contract/index.ts';

/**
 * At once, and from then on `everyMs`, or as soon as others had their turn where `look` says that there is more. A look that
 * fails is told of and made again. The returned function ends it.
 */
export function poll(
  clock: Clock,
  everyMs: number,
  look: () => boolean,
  onTrouble: (error: unknown) => void,
): () => void {
  let cancel = (): void => undefined;
  const again = (): void => {
    let afterMs = everyMs;
    try {
      if (look()) afterMs = 0;
    } catch (error) {
      onTrouble(error);
    }
    cancel = clock.after(afterMs, again);
  };
  again();
  return () => cancel();
}
