// `npm start`: installs and builds what is missing, then serves.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureReady, ROOT } from './ready.mjs';

const parent = process.ppid;

/** npm passes SIGTERM to its shell, and the shell to nobody: the server would hold its port for ever. */
function endWithParent() {
  // While it installed or built it could hear nobody.
  if (process.ppid !== parent) process.exit(143);
  const watch = setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGTERM'), 250).unref();
  // A second signal would cut short what the first one lets finish.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => clearInterval(watch));
}

ensureReady();
if (process.env.npm_lifecycle_event === 'start') endWithParent();
await import(pathToFileURL(join(ROOT, 'dist/cli.js')).href);
