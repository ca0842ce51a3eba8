// A verb used wrongly: one sentence on stderr, a code that isn't 0, and never a stack.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from '../support/program.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'quorum-misuse-'));
beforeAll(() => {
  ensureBuilt();
  writeFileSync(join(folder, 'prose.txt'), 'This is no JSON: at all.\n');
  writeFileSync(join(folder, 'circle.yaml'), 'a: &a [*a]\n');
  writeFileSync(join(folder, 'pg.yaml'), 'storage: postgres://me:hunter2@db/quorum\n');
  writeFileSync(join(folder, 'redis.yaml'), 'redis: { url: "redis://:hunter2@cache:6379" }\n');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function quorum(line: string): { readonly code: number | null; readonly out: string; readonly err: string } {
  const words = line.split(' ').filter(Boolean);
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { code: status, out: stdout, err: stderr };
}

test.each([
  ['chekc', /Did you mean "quorum check"/],
  ['check more', /too many arguments/],
  ['replay --policy circle.yaml', /circle\.yaml.*stands inside of what it stands for/],
  ['--log-level loud', /--log-level.*one of error, warn, info, debug/],
  ['start --port many', /--port.*a whole number/],
  ['start --config gone.yaml', /gone\.yaml.*no such file/],
  ['start --config pg.yaml', /pg\.yaml:1:10 storage: PostgreSQL isn’t possible; .*sqlite:/],
  ['start --config redis.yaml', /redis\.yaml:1:15 redis\.url: Redis isn’t possible; .*leave this empty/],
  ['models --config gone.yaml', /gone\.yaml.*no such file/],
  ['healthcheck --port 1', /does not answer/],
  ['report bogus', /no report "bogus": .*calibration or confidence/],
  ['report export --format csv', /JSON lines: leave --format out/],
  ['replay', /--policy FILE .*--dataset FILE/],
  ['replay --policy gone.yaml', /no policy file gone\.yaml/],
  ['replay --dataset gone.jsonl', /no file gone\.jsonl/],
  ['replay --dataset prose.txt', /prose\.txt, line 1: not JSON/],
  ['replay --since yesterday --policy redis.yaml', /redis/],
  ['estimate', /--usage/],
  ['estimate --usage many', /not like code=1000/],
  ['--prot 5', /unknown option '--prot'\n\(Did you mean --port\?\)/],
  ['keys create --nmae x', /^error: unknown option '--nmae'\n\(Did you mean --name\?\)\n\(quorum keys --help tells/],
  ['keys create --name --team x', /'--name <value>' argument missing/],
  ['keys create --name', /'--name <value>' argument missing/],
  ['keys list -x', /unknown option '-x'\n\(quorum keys --help/],
  ['keys revoke one two', /too many words: "two"/],
  ['budget set --limti 5', /\(Did you mean --limit\?\)/],
  ['budget spend --csv=yes', /'--csv' takes no value/],
  ['budget top-up b 5 6', /too many words: "6"/],
  ['experiment create x --sticki user', /\(Did you mean --sticky\?\)/],
  ['experiment create x --file gone.yaml', /--file: gone\.yaml can't be read: .*no such file/],
  ['rollout --prcent 5', /unknown option '--prcent'\n\(quorum rollout --help/],
  ['rollout 5 6', /too many words/],
  ['keys crate', /Did you mean "quorum keys create"/],
  ['keys revoke nobody', /there is no key "nobody"/],
  ['budget bogus', /no "quorum budget bogus"/],
  ['experiment bogus', /no "quorum experiment bogus"/],
  ['rollout bogus', /neither a percentage/],
  ['import litellm gone.yaml', /no such file/],
  ['models import prose.txt', /JSON/],
])('quorum %s', (line, sentence) => {
  const { code, out, err } = quorum(line);
  expect([1, 2], err).toContain(code);
  expect(err).toMatch(sentence);
  expect(out).toBe('');
  expect(err).not.toMatch(/^\s+at |node_modules|hunter2/m);
});

test('check tells what isn’t possible too, and no password', () => {
  const { code, out } = quorum('check --config pg.yaml');
  expect([code, out]).toEqual([1, expect.stringContaining('storage: PostgreSQL isn’t possible')]);
  expect(out).not.toContain('hunter2');
});

test.each([
  '',
  'start',
  'check',
  'keys',
  'budget',
  'models',
  'estimate',
  'report',
  'replay',
  'import',
  'healthcheck',
  'experiment',
  'rollout',
])('quorum %s --help tells what there is', (verb) => {
  const { code, out } = quorum(`${verb} --help`);
  expect([code, out]).toEqual([0, expect.stringMatching(/^(Usage: quorum|quorum (keys|budget|experiment|rollout))/)]);
  if (verb === '')
    for (const word of ['--config', '--port', '--host', '--log-level', '--json', 'healthcheck', 'import'])
      expect(out).toContain(word);
});
