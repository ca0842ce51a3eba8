// What `npm start` and `npm test` need on a fresh clone: the packages and the build, made when they are missing or older than the source.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Newest change below the paths, in milliseconds since the epoch; 0 when there is nothing. */
function newest(...paths) {
  return Math.max(
    0,
    ...paths.map((path) => {
      if (!existsSync(path)) return 0;
      const stat = statSync(path);
      if (!stat.isDirectory()) return stat.mtimeMs;
      return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
    }),
  );
}

export function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const at = (path) => join(ROOT, path);

export function ensureInstalled() {
  if (newest(at('node_modules/.package-lock.json')) >= newest(at('package-lock.json'))) return;
  console.log('Installing packages …');
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit']);
}

export function ensureBuilt() {
  const built = newest(at('dist/.built'));
  if (built > 0 && built >= newest(at('src'), at('package-lock.json'), at('tsconfig.json'), at('tsconfig.build.json')))
    return;
  console.log('Building …');
  run(process.execPath, [at('scripts/build.mjs')]);
}
