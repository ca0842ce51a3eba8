// A process that is killed while it appends: what was flushed is there, and at most the last batch is lost.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { simulatedClock } from '../support/simulated-clock.ts';
import { recordOf } from './fixtures.ts';
import { decay } from './suite.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BATCH_ROWS = 64;

/** Appends for ever; tells on its output what was appended, and what was flushed. */
const APPENDER = `
  import { writeSync } from 'node:fs';
  import { openStore } from './store/index.js';
  const [url, record] = [process.argv[2], JSON.parse(process.argv[3])];
  const clock = { now: Date.now, after: (ms, task) => { const timer = setTimeout(task, ms); return () => clearTimeout(timer); } };
  const store = await openStore(url, clock, { decay: (sum) => sum });
  for (let index = 1; ; index += 1) {
    store.requests.append({ ...record, id: 'r' + index });
    store.evidence.add([{ tenant: 'acme', task: 'math', model: 'a', good: 1, total: 1, at: 0 }]);
    writeSync(1, 'appended ' + index + '\\n');
    if (index % 100 !== 0) continue;
    await store.requests.flush();
    writeSync(1, 'flushed ' + index + '\\n');
  }
`;

describe('a killed process', () => {
  let folder: string;
  let child: ChildProcess | null = null;
  beforeAll(() => {
    mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, 'node_modules/.cache/quorum-kill-'));
    const config = {
      extends: join(ROOT, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: join(ROOT, 'src'),
        outDir: folder,
        incremental: false,
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: [join(ROOT, 'src/store/index.ts')],
      include: [],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'appender.js'), APPENDER);
    spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  });
  afterAll(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('loses nothing that was flushed and less than one batch of the rest', async () => {
    const url = `sqlite:${join(folder, 'data/quorum.db')}`;
    const told = await killedAfter(1_250, url);
    const store = await openStore(url, simulatedClock(), { decay });
    const { rows } = store.database.prepare<{ rows: number }>('SELECT count(*) AS rows FROM requests').first()!;
    expect(told.flushed).toBeGreaterThanOrEqual(1_200);
    expect(rows).toBeGreaterThanOrEqual(told.flushed);
    expect(rows).toBeGreaterThan(told.appended - BATCH_ROWS);
    expect(await store.requests.find(`r${told.flushed}`, 'acme')).toEqual(recordOf(`r${told.flushed}`));
    expect((await store.evidence.load())[0]?.total).toBeGreaterThanOrEqual(told.flushed);
    expect(store.database.prepare('PRAGMA integrity_check').first()).toMatchObject({ integrity_check: 'ok' });
    await store.close();
  });

  /** Kills it as soon as it has appended so many, and gives the last it said. */
  function killedAfter(appended: number, url: string): Promise<{ appended: number; flushed: number }> {
    const appender = spawn(process.execPath, [join(folder, 'appender.js'), url, JSON.stringify(recordOf('r'))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = appender;
    let said = '';
    const last = (word: string): number =>
      Number(
        said
          .match(new RegExp(`${word} (\\d+)\\n`, 'g'))
          ?.at(-1)
          ?.split(' ')[1] ?? 0,
      );
    return new Promise((settle, reject) => {
      appender.once('error', reject);
      appender.stdout.on('data', (text: Buffer) => {
        said += text.toString();
        if (last('appended') >= appended) appender.kill('SIGKILL');
      });
      appender.once('close', () => settle({ appended: last('appended'), flushed: last('flushed') }));
    });
  }
});
