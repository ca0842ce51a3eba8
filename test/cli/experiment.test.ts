// `quorum experiment` and `quorum rollout`, beside a running server that takes the changes up.
import { writeFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intervalChart, reportCsv, reportText } from '../../src/cli/experiment-report.ts';
import { EXPERIMENT_HELP, ROLLOUT_HELP, runExperiment, runRollout } from '../../src/cli/experiment.ts';
import { plus, resultsOf, sumsOf } from '../../src/experiment/index.ts';
import { systemClock } from '../../src/main.ts';
import { experiment } from '../experiment/simulated.ts';
import { chat, startScene, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ more: { routing: { explore: 0, strategy: 'single' } } });
});
afterAll(() => scene.close());

async function run(verb: typeof runExperiment, ...words: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await verb(words, {
    config: scene.quorum.config.file,
    env: {},
    clock: systemClock,
    write: (part) => void (text += part),
  });
  return { code, text };
}
const told = async (): Promise<string | undefined> =>
  (await chat(scene.url, { model: 'auto', user: 'ann' })).headers['x-quorum-experiment'] as string | undefined;
const soon = { timeout: 10_000, interval: 50 };

describe('quorum experiment', () => {
  it('makes, ramps, stops and deletes what a running server takes up', async () => {
    const made = await run(
      runExperiment,
      'create',
      'voices',
      '--arm',
      'one:weight=0',
      '--arm',
      'two:strategy=dual,slim=true',
    );
    expect(made).toEqual({ code: 0, text: 'voices: made.\n' });
    await expect.poll(told, soon).toBe('voices=two');
    expect((await run(runExperiment, 'list')).text).toMatch(/^voices {2}running {2}100 % {2}one, two$/m);
    await expect.poll(async () => (await run(runExperiment, 'report', 'voices')).text, soon).toMatch(/^two +[1-9]/m);
    await run(runExperiment, 'ramp', 'voices', '0%');
    await expect.poll(told, soon).toBeUndefined();
    await run(runExperiment, 'ramp', 'voices', '100%');
    await run(runExperiment, 'stop', 'voices');
    await expect.poll(told, soon).toBeUndefined();
    await run(runExperiment, 'start', 'voices');
    await expect.poll(told, soon).toBe('voices=two');
    const json = JSON.parse((await run(runExperiment, 'report', 'voices', '--json')).text) as Readonly<
      Record<string, unknown>
    >;
    expect(json).toMatchObject({ name: 'voices', state: 'running', decision: { state: 'collecting' } });
    expect((await run(runExperiment, 'report', 'voices', '--csv')).text.split('\n')[2]).toMatch(/^two,false,1,,[1-9]/);
    await run(runExperiment, 'delete', 'voices');
    await expect.poll(told, soon).toBeUndefined();
  });

  it('takes all of one from a file, and says what is wrong with it', async () => {
    const file = join(dirname(scene.quorum.config.file), 'trial.yaml');
    writeFileSync(file, 'arms: { one: {}, two: { tier: cost } }\nfilter: { task: [code] }\nguardrails: { p95: 0.5 }\n');
    expect((await run(runExperiment, 'create', 'filed', '--file', file, '--layer', 'x', '--stopped')).code).toBe(0);
    expect((await run(runExperiment, 'list')).text).toContain('filed  stopped');
    const wrong = async (...words: readonly string[]): Promise<string> => {
      const { code, text } = await run(runExperiment, ...words);
      expect(code).toBe(1);
      return text;
    };
    expect(await wrong('create', 'x', '--arm', 'one')).toContain('at least two arms');
    expect(await wrong('create', 'x', '--arm', 'one', '--arm', 'two:strategy')).toContain('strategy=dual');
    expect(await wrong('report', 'fild')).toContain('Did you mean "filed"?');
    expect(await wrong('reprot', 'filed')).toContain('Did you mean "report"?');
    expect(await wrong('ramp', 'filed', '120%')).toContain('no share');
    expect(await wrong('create', 'x', '--file', `${file}.gone`)).toContain('ENOENT');
    expect(EXPERIMENT_HELP).toContain('report NAME');
  });
});

describe('quorum rollout', () => {
  it('takes over, and gives back with one word', async () => {
    const side = async (): Promise<unknown> =>
      (await chat(scene.url, { model: 'alpha' })).headers['x-quorum-experiment'];
    expect((await run(runRollout, '100')).text).toContain('takes over 100 %');
    await expect.poll(side, soon).toBe('rollout=routed');
    expect((await run(runRollout, 'off')).text).toContain('takes over 0 %');
    await expect.poll(side, soon).toBe('rollout=passed');
    expect((await run(runRollout, 'config')).text).toContain('by command: nothing');
    await expect.poll(side, soon).toBeUndefined();
    expect((await run(runRollout, 'half')).code).toBe(1);
    expect(ROLLOUT_HELP).toContain('kill switch');
  });
});

describe('a report', () => {
  const share = (right: number, all: number) => {
    let sums = { ...sumsOf({ quality: 1, cost: 0.001, latency: 400, errors: 0 }, null) };
    sums = Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, value * right]));
    const wrong = Object.entries(sumsOf({ quality: 0, cost: 0.002, latency: 900, errors: 0 }, null));
    return plus(plus(sums, Object.fromEntries(wrong.map(([name, value]) => [name, value * (all - right)]))), {
      requests: all,
      exposures: all,
      units: all,
    });
  };
  const design = experiment({ description: 'Is triple worth its price?' });
  const results = resultsOf(
    design,
    new Map([
      ['one', share(1_400, 2_000)],
      ['triple', share(1_700, 2_000)],
    ]),
  );

  it('says in text what follows, with the intervals drawn', () => {
    const text = reportText(design, 'running', results);
    expect(text).toContain('Is triple worth its price?');
    expect(text).toMatch(/^decision {2}winner: triple, its quality is better than that of one: 95 % at any time$/m);
    expect(text).toMatch(/^ {2}one +[·├─●┤]{40} {2}70\.0 % {2}\[/m);
    expect(text).toMatch(/quality \+15\.0 % \(\+21 %\) \[\+\d+\.\d %, \+\d+\.\d %\] better/);
    expect(text).toContain('best with 100.0 %');
  });
  it('is CSV with a row for each arm', () => {
    const [head, ...rows] = reportCsv(results)
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(rows.map(([name]) => name)).toEqual(['one', 'triple']);
    expect(Number(rows[1]![head!.indexOf('lift')])).toBeCloseTo(0.15, 9);
  });
  it('draws an interval where it is', () => {
    expect(intervalChart(0, 0.5, 1, 0, 1)).toMatch(/^├─+●─+┤$/);
    expect(intervalChart(0.5, 0.5, 0.5, 0, 1)).toMatch(/^·+●·+$/);
  });
});
