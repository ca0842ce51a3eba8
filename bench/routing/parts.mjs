// What the rows of the routing benchmark share: the data, halves and folds, means and spreads.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/** The built program's parts. */
export async function loadProgram(dist = join(root, 'dist')) {
  const load = (path) => import(pathToFileURL(join(resolve(dist), path)).href);
  const [dataset, engine, settings, learning] = await Promise.all(
    ['cli/replay/dataset.js', 'cli/replay/engine.js', 'cli/replay/settings.js', 'learning/index.js'].map(load),
  );
  return { ...dataset, ...engine, ...settings, ...learning };
}

export async function openData(program, folder) {
  if (!folder || !existsSync(folder))
    throw new Error(
      'no data: give the folder of recorded answers with --data DIR (see docs/benchmarks.md for what it holds)',
    );
  const grader = await import(pathToFileURL(join(resolve(folder), 'grade.mjs')).href);
  return {
    rows(file) {
      const path = join(folder, file);
      if (!existsSync(path)) throw new Error(`no data: ${path} is missing`);
      return program.readDataset(path);
    },
    grade: (row, message) => grader.grade(row.source, message).correct,
    answerOf: grader.answerOf,
  };
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
export const spread = (values) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1));
};

export function randomOf(seed) {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export function shuffled(rows, seed) {
  const random = randomOf(seed);
  const copy = [...rows];
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [copy[at], copy[other]] = [copy[other], copy[at]];
  }
  return copy;
}

/** Equal parts at random, the last first, each tested with what the others taught. */
export function folds(rows, seed, count = 2) {
  const all = shuffled(rows, seed);
  const size = Math.ceil(all.length / count);
  return Array.from({ length: count }, (_, nth) => {
    const from = (count - 1 - nth) * size;
    const to = from + size;
    return { train: [...all.slice(0, from), ...all.slice(to)], test: all.slice(from, to) };
  });
}

/** The most cost saved at which accuracy is `gain` above the best single model's, between settings as far as they are apart; null: never. */
export function savedAt(points, gain) {
  const upwards = points.toSorted((left, right) => left.saved - right.saved);
  for (let at = upwards.length - 1; at >= 0; at -= 1) {
    const [here, next] = [upwards[at], upwards[at + 1]];
    if (here.gain < gain) continue;
    if (next === undefined || next.gain >= here.gain) return here.saved;
    return here.saved + ((here.gain - gain) / (here.gain - next.gain)) * (next.saved - here.saved);
  }
  return null;
}

export const percent = (share, digits = 2) => `${(share * 100).toFixed(digits)} %`;
export const accuracyOf = (rows, model) => mean(rows.map((row) => row.answers.get(model).correct));
export const costOf = (rows, model) => mean(rows.map((row) => row.answers.get(model).costUsd)) * 1_000;

/** The best single model of the rows that may be looked at. */
export function bestModel(rows) {
  const models = [...rows[0].answers.keys()];
  return models.reduce((best, model) => (accuracyOf(rows, model) > accuracyOf(rows, best) ? model : best));
}
