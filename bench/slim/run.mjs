// What slimming saves on realistic prompts, in tokens of o200k and in time. Run after a build: node bench/slim/run.mjs [dist]
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { PROMPTS } from './prompts.mjs';

const dist = resolve(process.argv[2] ?? join(import.meta.dirname, '../../dist'));
const { slim } = await import(pathToFileURL(join(dist, 'slim/index.js')).href);

const WANTED = 0.3;
const tokensOf = ({ messages, tools, response_format }) =>
  encode(JSON.stringify([messages, tools ?? null, response_format ?? null])).length;
const percent = (share) => `${(share * 100).toFixed(0)} %`;

const rows = PROMPTS.map(({ name, request, lean }) => {
  const { request: short, saved } = slim(request);
  const [before, after] = [tokensOf(request), tokensOf(short)];
  const [rule] = Object.entries(saved.byRule).toSorted(([, a], [, b]) => b - a)[0];
  return { name, lean, before, after, share: 1 - after / before, rule: saved.characters > 0 ? rule : '-' };
});
for (const { name, lean, before, after, share, rule } of rows)
  console.log(
    `${name.padEnd(54)} ${String(before).padStart(5)} → ${String(after).padStart(5)}  ${percent(share).padStart(5)}  ${rule}${lean ? '  (lean)' : ''}`,
  );

const full = rows.filter(({ lean }) => !lean);
const sum = (list, field) => list.reduce((total, one) => total + one[field], 0);
const started = performance.now();
const ROUNDS = 20;
for (let round = 0; round < ROUNDS; round += 1) for (const { request } of PROMPTS) slim(request);
const micros = ((performance.now() - started) * 1e3) / ROUNDS / PROMPTS.length;
const least = Math.min(...rows.map(({ before }) => before));
const short = full.filter(({ share }) => share < WANTED);
console.log(
  `\n${rows.length} prompts of ${least} tokens and more; ${full.length} have something to save: ${percent(1 - sum(full, 'after') / sum(full, 'before'))} together, ${percent(sum(full, 'share') / full.length)} on average, ${full.length - short.length} of ${full.length} reach ${percent(WANTED)}.`,
);
console.log(
  `Lean ones lose ${percent(Math.max(...rows.filter(({ lean }) => lean).map(({ share }) => share)))} at the most. ${micros.toFixed(0)} µs a request.`,
);
process.exitCode = sum(full, 'share') / full.length >= WANTED ? 0 : 1;
