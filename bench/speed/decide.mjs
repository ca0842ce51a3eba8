// Process: what classification and planning cost, in microseconds, with the tasks and models of the benchmark's config. Prints JSON.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configText } from './setting.mjs';

const dist = resolve(process.argv[2]);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { createLiveConfig } = await load('config/index.js');
const { compileTasks, decide, featuresOf } = await load('routing/index.js');

const folder = mkdtempSync(join(tmpdir(), 'quorum-decide-'));
const file = join(folder, 'bench.yaml');
writeFileSync(file, configText(9, false));
const config = await createLiveConfig({ file, env: {}, overrides: {}, log: () => {} });
const settings = config.current();
config.close();
rmSync(folder, { recursive: true });

const classifier = compileTasks(settings.tasks);
const wishes = { strategy: null, tier: null, task: null, models: null, maxCost: null, deadlineMs: null };
const quality = (_, model) => ({ quality: settings.models.get(model).quality / 10, samples: 3 });
const prose =
  'The committee met on Thursday to discuss whether the proposed changes to the housing regulations would affect small landlords; most members agreed that further consultation was needed. ';
const promptOf = (length) =>
  `Please summarise the following note for my manager: ${prose.repeat(Math.ceil(length / prose.length))}`.slice(
    0,
    length,
  );

let draws = 0;
const random = () => (draws = (draws * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;

/** The median of 40 batches, in processor time: what else runs on the machine doesn't count. */
function costUs(length, perBatch) {
  const request = { model: 'auto', messages: [{ role: 'user', content: promptOf(length) }] };
  const once = () =>
    decide({
      features: featuresOf(request),
      wishes,
      settings,
      classifier,
      quality,
      mark: { state: 1, tenant: '' },
      allowed: null,
      random,
    });
  for (let count = 0; count < perBatch * 10; count += 1) once();
  const batches = Array.from({ length: 40 }, () => {
    const from = process.cpuUsage();
    for (let count = 0; count < perBatch; count += 1) once();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / perBatch;
  });
  return batches.sort((a, b) => a - b)[20];
}

process.stdout.write(
  JSON.stringify({ small: costUs(200, 1_000), medium: costUs(2_000, 500), large: costUs(1_000_000, 100) }),
);
process.exit();
