// Processes that share a ledger and die: no budget overspent, nothing lost that was acknowledged, nothing held for ever.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const LIMIT = 5e9;

interface Audit {
  readonly wrong: readonly string[];
  readonly recovered: { readonly released: number; readonly unreconciled: number };
  readonly readyMs: number;
  readonly entries: number;
}
type AuditOf = (modules: string, path: string, budget: string, limit: number, said: string) => Promise<Audit>;

describe('processes on one ledger', () => {
  let folder: string;
  let modules: string;
  let audit: AuditOf;

  beforeAll(async () => {
    mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, 'node_modules/.cache/quorum-ledger-'));
    modules = join(folder, 'modules');
    const typeRoots = [join(ROOT, 'node_modules/@types')];
    const config = {
      extends: join(ROOT, 'tsconfig.build.json'),
      compilerOptions: { rootDir: join(ROOT, 'src'), outDir: modules, incremental: false, typeRoots },
      files: [join(ROOT, 'src/store/sqlite/accounts.ts')],
      include: [],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]);
    ({ audit } = (await import(join(ROOT, 'bench/money/audit.mjs'))) as { audit: AuditOf });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs until the budget is empty, or until it has said so many lines. */
  const spend = (path: string, budget: string, cost: number, killAfterLines = Infinity): Promise<string> =>
    new Promise((settle, reject) => {
      const file = join(ROOT, 'bench/money/spender.mjs');
      const child = spawn(process.execPath, [file, modules, path, budget, String(LIMIT), String(cost)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.once('error', reject);
      child.stdout.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.split('\n').length > killAfterLines) child.kill('SIGKILL');
      });
      child.once('close', () => settle(said));
    });

  it('keep one budget between two of them', async () => {
    const path = join(folder, 'two.db');
    const said = await Promise.all([spend(path, 'shared', 1e8), spend(path, 'shared', 1e8)]);
    const calls = said.map((lines) => lines.match(/^called /gm)?.length ?? 0);
    expect(calls[0]! + calls[1]!).toBe(50);
    const { wrong, entries } = await audit(modules, path, 'shared', LIMIT, said.join(''));
    expect(wrong).toEqual([]);
    expect(entries).toBe(50);
  }, 30_000);

  it('leave books that balance when they are killed, wherever that is', async () => {
    const path = join(folder, 'killed.db');
    let unreconciled = 0;
    for (const lines of [3, 25, 60, 130]) {
      const said = await spend(path, `killed after ${lines}`, 0, lines);
      expect(said).toMatch(/called/);
      const found = await audit(modules, path, `killed after ${lines}`, LIMIT, said);
      expect(found.wrong).toEqual([]);
      expect(found.readyMs).toBeLessThan(2_000);
      unreconciled += found.recovered.unreconciled;
    }
    expect(unreconciled).toBeGreaterThan(0);
  }, 30_000);

  it('would be found out', async () => {
    const path = join(folder, 'two.db');
    const { wrong } = await audit(modules, path, 'shared', 1e9, 'called lost/a\nacknowledged lost/a 5\n');
    expect(wrong).toHaveLength(3);
  });
});
