// What experiments promise: false winners, coverage, an even split, and a shadow that nobody feels.
// Run after a build: node bench/experiments/run.mjs [same] [lift] [split] [shadow] [--dist dist]
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shadow } from './shadow.mjs';
import { lift, same, split } from './statistics.mjs';

const words = process.argv.slice(2);
const at = words.indexOf('--dist');
const dist = resolve(at < 0 ? join(import.meta.dirname, '../../dist') : words[at + 1]);
const wanted = words.filter((word, place) => !word.startsWith('--') && words[place - 1] !== '--dist');
const load = (file) => import(pathToFileURL(join(dist, file)).href);
const room = { ...(await load('experiment/index.js')), ...(await load('contract/index.js')) };

const parts = { same: () => same(room), lift: () => lift(room), split: () => split(room), shadow: () => shadow(dist) };
let failed = false;
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for await (const { what, measured, target, ok } of part()) {
    failed ||= ok === false;
    console.log(`| ${what} | ${measured} | ${target} | ${ok ? 'yes' : 'no'} |`);
  }
}
process.exitCode = failed ? 1 : 0;
