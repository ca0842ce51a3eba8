// What `npm start` and `npm test` need on a fresh clone: the packages and the build, made when they are missing or older than the source.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (error !== undefined) console.error(`${command} can't be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** By the npm that runs this, where it says which: on Windows npm is a script of the shell's, which Node starts no more. */
function npm(...args) {
  const here = process.env.npm_execpath;
  if (here !== undefined && basename(here) === 'npm-cli.js') run(process.execPath, [here, ...args]);
  else run('npm', args);
}

const at = (path) => join(ROOT, path);

const isInstalled = () => newest(at('node_modules/.package-lock.json')) >= newest(at('package-lock.json'));

function isBuilt() {
  const built = newest(at('dist/.built'));
  return (
    built > 0 && built >= newest(at('src'), at('package-lock.json'), at('tsconfig.json'), at('tsconfig.build.json'))
  );
}

/** An older one fails on the first thing that it doesn't know, and shows a bundle's whole line. */
function expectNode() {
  const { engines } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const [needed, given] = [engines.node, process.versions.node].map((text) =>
    /(\d+)\.(\d+)/.exec(text).slice(1).map(Number),
  );
  if (given[0] > needed[0] || (given[0] === needed[0] && given[1] >= needed[1])) return;
  console.error(
    `Quorum needs Node ${needed.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
  process.exit(1);
}

export function ensureReady() {
  expectNode();
  if (isInstalled() && isBuilt()) return;
  const done = takeTurn();
  if (!isInstalled()) {
    console.log('Installing packages …');
    npm('ci', '--no-audit');
  }
  if (!isBuilt()) {
    console.log('Building …');
    run(process.execPath, [at('scripts/build.mjs')]);
  }
  done();
}

/** Says which process installs or builds: two of them would pull the files from under each other. */
const TURN = at('.preparing');
const LOOK_EVERY_MS = 200;
const EMPTY_MS = 5_000;

/** Waits for its turn; the returned function ends it. */
function takeTurn() {
  for (let waited = false; ;) {
    try {
      writeFileSync(TURN, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') {
        console.error(`Can't install or build here: ${error.message}`);
        process.exit(1);
      }
    }
    if (isLeftBehind()) continue;
    if (!waited)
      console.log(`Another process installs or builds here; waiting for it (if there is none, delete ${TURN}) …`);
    waited = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
  }
  const done = () => rmSync(TURN, { force: true });
  process.once('exit', done);
  return () => {
    process.off('exit', done);
    done();
  };
}

/** Clears away what a process left that was killed; in a container the next one may well have its number. */
function isLeftBehind() {
  try {
    const pid = Number(readFileSync(TURN, 'utf8'));
    // Empty for the moment between making and writing it, or where the disk was full then.
    const isHeld = pid === 0 ? Date.now() - statSync(TURN).mtimeMs < EMPTY_MS : pid !== process.pid && isRunning(pid);
    if (isHeld) return false;
    const mine = `${TURN}-${process.pid}`;
    renameSync(TURN, mine);
    rmSync(mine, { force: true });
  } catch {
    // Gone already.
  }
  return true;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
