// When the config file may have become another, however that came about.
import { unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname } from 'node:path';

/** For what the folder doesn't tell: the file behind a link, one that is mounted by itself, a folder that was replaced. */
const LOOK_EVERY_MS = 2_000;

/** `onFile` is called once it has been quiet for `quietMs`; the returned function ends that. */
export function watchPath(file: string, quietMs: number, onFile: () => void): () => void {
  let pending: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(pending);
    pending = setTimeout(onFile, quietMs).unref();
  };
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, soon);
  const stopFolder = watchFolder(file, soon);
  return () => {
    clearTimeout(pending);
    unwatchFile(file, soon);
    stopFolder();
  };
}

/** Of the folder, since editors and orchestrators put a new file in the old one's place. */
function watchFolder(file: string, soon: () => void): () => void {
  try {
    const watcher = watch(dirname(file), { persistent: false });
    watcher.on('change', (_event, name) => {
      const changed = name === null ? null : String(name);
      if (changed === null || changed === basename(file) || changed.startsWith('..')) soon();
    });
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
