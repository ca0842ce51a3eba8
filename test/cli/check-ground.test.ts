// `quorum check` on what the program would stand on: the database file and the address.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCheck } from '../../src/cli/check.ts';
import { openDatabase } from '../../src/store/index.ts';
import { startQuorum } from '../support/program.ts';

interface Checked {
  readonly ok: boolean;
  readonly database: { readonly file: string; readonly status: string; readonly detail: string };
  readonly address: { readonly port: number; readonly status: string; readonly detail: string };
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'quorum-check-'));

async function check(
  database: string,
  port = 0,
): Promise<{ readonly code: number; readonly text: string; readonly report: Checked }> {
  const config = join(folder(), 'quorum.yaml');
  writeFileSync(config, JSON.stringify({ storage: { url: `sqlite:${database}` } }));
  const silent = (): Promise<{ kind: 'silent'; reason: string; ms: number }> =>
    Promise.resolve({ kind: 'silent', reason: 'not asked', ms: 0 });
  const said: string[] = [];
  const options = { config, env: {}, port: String(port), probe: silent, write: (more: string) => void said.push(more) };
  const code = await runCheck(options);
  expect(await runCheck({ ...options, json: true })).toBe(code);
  return { code, text: said[0]!, report: JSON.parse(said[1]!) as Checked };
}

async function withListener(answer: (server: Server) => void, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  answer(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

describe('the database', () => {
  it('that is not there yet will be made, but not by looking', async () => {
    const home = folder();
    const { code, text, report } = await check(join(home, 'data', 'quorum.db'));
    expect([code, report.ok, report.database.status]).toEqual([0, true, 'new']);
    expect(text).toMatch(/ok database {2}\S+quorum\.db: made at the start/);
    expect(readdirSync(home)).toEqual([]);
  });

  it('of a program that runs is ready, beside it', async () => {
    const home = folder();
    const quorum = await startQuorum({ config: { storage: { url: `sqlite:${home}/quorum.db` } } });
    try {
      const { code, report } = await check(join(home, 'quorum.db'), Number(new URL(quorum.url).port));
      expect([code, report.database.status, report.address.status]).toEqual([0, 'ready', 'quorum']);
    } finally {
      await quorum.stop();
    }
    expect((await check(join(home, 'quorum.db'))).report.database.status).toBe('ready');
  });

  it('of another version: an older one is fine, a newer one is not', async () => {
    const file = join(folder(), 'a b?#%.db');
    const db = openDatabase(file);
    expect((await check(file)).report).toMatchObject({ ok: true, database: { file, status: 'older' } });
    db.exec('PRAGMA user_version = 999');
    db.close();
    const { code, text } = await check(file);
    expect(code).toBe(1);
    expect(text).toMatch(/!! database {2}.*was written by a newer Quorum \(schema 999[^]*It can’t start like this/);
  });

  it('in memory is told to be gone afterwards', async () => {
    expect((await check(':memory:')).report).toMatchObject({ ok: true, database: { status: 'memory' } });
  });

  it.each([
    ['no database', 'is damaged or no SQLite database', (file: string) => writeFileSync(file, 'words '.repeat(500))],
    ['a folder', 'is no file', (file: string) => mkdirSync(file)],
    ['below a file', 'is no folder', (file: string) => writeFileSync(join(file, '..'), '')],
  ])('that is %s fails the check', async (what, words, make) => {
    const file = what === 'below a file' ? join(folder(), 'file', 'quorum.db') : join(folder(), 'quorum.db');
    make(file);
    const { code, text, report } = await check(file);
    expect([code, report.ok, report.database.status]).toEqual([1, false, 'unusable']);
    expect(text).toContain(`!! database`);
    expect(text).toContain(words);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});

describe('the address', () => {
  it('that nobody has is free, and stays so', async () => {
    let free = 0;
    await withListener(
      () => {},
      (port) => Promise.resolve(void (free = port)),
    );
    for (const _ of [1, 2]) {
      const { code, text, report } = await check(':memory:', free);
      expect([code, report.address.status]).toEqual([0, 'free']);
      expect(text).toContain(`ok address   127.0.0.1:${free}: free`);
    }
  });

  it('that another program has fails the check, whatever that one answers', async () => {
    await withListener(
      (server) => server.on('request', (_, response) => response.end('{"status":"ok"}')),
      async (port) => {
        const { code, text, report } = await check(':memory:', port);
        expect([code, report.ok, report.address]).toMatchObject([1, false, { port, status: 'taken' }]);
        expect(text).toMatch(/!! address {3}Port \d+ on 127\.0\.0\.1 is taken[^]*It can’t start like this/);
      },
    );
  });
});
