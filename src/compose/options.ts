// What the administration set, taken up at start and whenever any process on this store changes it.
import type { LiveConfig } from '../config/index.ts';
import { readOptions, type Clock, type OptionStore } from '../contract/index.ts';
import { poll } from './poll.ts';

const POLL_MS = 400;

/** The returned function ends it. */
export function followOptions(
  config: LiveConfig,
  store: OptionStore,
  clock: Clock,
  onTrouble: (error: unknown) => void,
): () => void {
  let seen = 0;
  const look = (): boolean => {
    const version = store.version();
    if (version !== seen) config.setOptions(readOptions(store.load()));
    seen = version;
    return false;
  };
  return poll(clock, POLL_MS, look, onTrouble);
}
