// When the config file may have become another, however that came about.
import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
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
  let stopped = false;
  let seen = '';
  // The first look always tells, so that a change from before it isn't missed.
  const look = async (): Promise<void> => {
    const stamp = await stampOf(file);
    if (stamp !== seen && !stopped) soon();
    seen = stamp;
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS).unref();
  const stopFolder = watchFolder(file, soon);
  return () => {
    stopped = true;
    clearTimeout(pending);
    clearInterval(timer);
    stopFolder();
  };
}

/** Another file or another text has another one; empty where there is no file. */
async function stampOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
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
