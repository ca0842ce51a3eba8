// Anomalies of the running program, with the hours of a day passing in seconds: told once in log, API and metrics when they begin and when they are over.
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Clock } from '../../src/contract/index.ts';
import { systemClock } from '../../src/main.ts';
import { chat, scriptedConfig, send, startQuorum, type Fields } from '../support/program.ts';
import { startUpstream } from '../support/scripted-upstream.ts';

const HOUR = 3_600_000;
const ADMIN = 'sk-admin-secret-000';
const headers = { authorization: `Bearer ${ADMIN}` };

/** The system's, some hours on; what waits for a minute or longer waits for `minutePasses`. */
function hurriedClock() {
  // No hour ends while requests of it are made.
  let ahead = HOUR - (systemClock.now() % HOUR) + HOUR / 12;
  const waiting = new Set<() => void>();
  const clock: Clock = {
    now: () => systemClock.now() + ahead,
    after(ms, task) {
      if (ms < 60_000) return systemClock.after(ms, task);
      waiting.add(task);
      return () => void waiting.delete(task);
    },
  };
  return {
    clock,
    hourPasses: () => void (ahead += HOUR),
    minutePasses() {
      const due = [...waiting];
      waiting.clear();
      for (const task of due) task();
    },
  };
}

test('a model that is slow and one that fails stand out against their own hours', { timeout: 120_000 }, async () => {
  const upstream = await startUpstream();
  const { clock, hourPasses, minutePasses } = hurriedClock();
  // Whoever looks at the clock while an hour passes would think the process an hour late.
  const config = scriptedConfig(upstream, { more: { server: { admin_key: ADMIN }, limits: { max_lag: '1d' } } });
  const quorum = await startQuorum({ config, clock });
  onTestFinished(async () => {
    await quorum.stop();
    await upstream.close();
  });
  const hour = async (): Promise<void> => {
    for (let nth = 0; nth < 22; nth += 1)
      await Promise.all(['alpha', 'beta', 'gamma'].map((model) => chat(quorum.url, { model }, headers)));
  };
  const listed = async (): Promise<readonly Fields[]> => {
    // A report has everything written that was counted.
    await send(`${quorum.url}/admin/v1/reports`, { headers });
    minutePasses();
    return (await send(`${quorum.url}/admin/v1/anomalies`, { headers })).json().data;
  };
  const eventually = (expected: readonly string[]): Promise<void> =>
    vi.waitFor(async () => expect(odd(await listed())).toEqual(new Set(expected)), { timeout: 20_000, interval: 100 });
  const odd = (rows: readonly Fields[]) =>
    new Set(
      rows.filter(({ ended }) => ended === null).map(({ model, measure }) => `${String(model)} ${String(measure)}`),
    );
  const saidOf = (model: string) =>
    quorum.logs
      .map((line) => JSON.parse(line) as Fields)
      .filter(({ message, model: of }) => of === model && /is odd|as usual again/.test(String(message)));

  for (let nth = 0; nth < 13; nth += 1) {
    await hour();
    hourPasses();
  }
  await hour();
  for (let nth = 0; nth < 3; nth += 1) expect(odd(await listed())).toEqual(new Set());

  hourPasses();
  upstream.reply('alpha', { delayMs: 700 });
  upstream.reply('beta', { status: 500 });
  await hour();
  await eventually(['alpha latency', 'beta error_rate']);
  await listed();
  expect(saidOf('alpha')).toHaveLength(1);
  expect(saidOf('beta')[0]!['message']).toMatch(
    /beta: error rate is odd: 100\.0 % failed, usual at this time of day: 0\.0 %/,
  );
  const metrics = (await send(`${quorum.url}/metrics`, { headers })).text;
  expect(Number(/quorum_anomaly\{model="alpha",measure="latency"\} ([\d.]+)/.exec(metrics)?.[1])).toBeGreaterThan(0);

  hourPasses();
  upstream.reply('alpha', {});
  upstream.reply('beta', {});
  await hour();
  await eventually([]);
  expect(saidOf('alpha').map(({ message }) => message)).toEqual([
    expect.stringContaining('latency is odd'),
    'alpha: latency is as usual again',
  ]);
});
