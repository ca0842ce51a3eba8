// Old requests and hours go by themselves, as the config says at that moment, and trouble ends nothing.
import { expect, it, onTestFinished, vi } from 'vitest';
import { keepForgetting, type RetentionOptions } from '../../src/compose/retention.ts';
import { openStore } from '../../src/store/index.ts';
import { hourOf } from '../../src/telemetry/tally.ts';
import { decay } from '../store/suite.ts';
import { recordOf } from '../store/fixtures.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const DAY = 86_400_000;
const KEEP = { requestsMs: 30 * DAY, maxRows: null, maxBytes: null, reportsMs: 60 * DAY };

it('by age, by number as soon as that is set, and hours by their own age', async () => {
  const clock = simulatedClock();
  const store = await openStore('sqlite::memory:', clock, { decay });
  const now = clock.now();
  for (let day = 0; day < 100; day += 1) store.requests.append(recordOf(`r${day}`, { at: now - (100 - day) * DAY }));
  const names = {
    scope: 'request' as const,
    task: 'math',
    model: '',
    tenant: 't',
    strategy: 'single',
    tier: 'balanced',
  };
  store.performance.keep([hourOf(now - 61 * DAY), hourOf(now)].map((hour) => ({ ...names, hour, body: '{}' })));
  let retention: ReturnType<RetentionOptions['retention']> = KEEP;
  const onTrouble = vi.fn<(error: unknown) => void>();
  const stop = keepForgetting(store, { retention: () => retention, clock, onTrouble });
  const ids = async (): Promise<readonly string[]> =>
    (await store.requests.list({}, 200, null)).rows.map(({ id }) => id);

  await clock.advance(10_000);
  expect(await ids()).toHaveLength(100);
  await clock.advance(30_000);
  expect((await ids()).at(-1)).toBe('r71');
  expect(store.performance.hours(0, hourOf(now) + 1)).toEqual([hourOf(now)]);

  retention = { ...KEEP, maxRows: 5 };
  await clock.advance(61_000);
  expect(await ids()).toEqual(['r99', 'r98', 'r97', 'r96', 'r95']);
  expect(onTrouble).not.toHaveBeenCalled();
  await stop();
  expect(clock.pending).toBe(0);
  await store.close();
});

it('a disk that fails is told, and it goes on at the next turn', async () => {
  const clock = simulatedClock();
  const store = await openStore('sqlite::memory:', clock, { decay });
  onTestFinished(() => store.close());
  const onTrouble = vi.fn<(error: unknown) => void>();
  const prune = vi.fn<typeof store.prune>().mockRejectedValueOnce(new Error('disk')).mockResolvedValue(0);
  const stop = keepForgetting({ ...store, prune }, { retention: () => KEEP, clock, onTrouble });
  await clock.advance(90_000);
  expect([onTrouble.mock.calls.length, prune.mock.calls.length]).toEqual([1, 2]);
  await stop();
});
