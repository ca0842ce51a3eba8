// `quorum report calibration` and `confidence`: what was learnt, as a table, JSON or CSV, of the time that was asked for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runReport, type ReportArguments } from '../../src/cli/report.ts';
import { systemClock } from '../../src/main.ts';
import { chat, send, startScene, type Scene } from '../support/program.ts';

/** Verdicts from which on an answer tells a confidence. */
const FIRST = 50;
let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ more: { routing: { explore: 0, strategy: 'single' } } });
  for (let nth = 0; nth < FIRST + 10; nth += 1) {
    const messages = [{ role: 'user', content: `Is ${nth} odd?` }];
    const { headers } = await chat(scene.url, { model: 'auto', messages });
    const body = { request_id: headers['x-request-id'], correct: nth % 4 !== 0 };
    expect((await send(`${scene.url}/v1/feedback`, { method: 'POST', body })).status).toBe(200);
  }
}, 30_000);
afterAll(() => scene.close());

async function report(given: Partial<ReportArguments> & { readonly what: string }): Promise<string> {
  let text = '';
  const write = (part: string): void => void (text += part);
  await runReport({ config: scene.quorum.config.file, env: {}, clock: systemClock, write, ...given });
  return text;
}

describe('the report', () => {
  it('on calibration: a diagram for people, a line a bar for spreadsheets', async () => {
    const table = await report({ what: 'calibration' });
    expect(table).toMatch(/^all tasks: 60 verdicts, \d+ on answers that told a confidence; ECE 0\.\d{4}, Brier/);
    expect(table).toContain('█');
    const [head, ...lines] = (await report({ what: 'calibration', format: 'csv' })).trimEnd().split('\r\n');
    expect(head).toBe('task,from,to,answers,told,right');
    const answers = lines.map((line) => line.split(',')).filter(([task]) => task === '');
    const told = Number(/verdicts, (\d+) on/.exec(table)![1]);
    expect(answers.reduce((sum, cells) => sum + Number(cells[3]), 0)).toBe(told);
    expect(told).toBeGreaterThan(0);
  });

  it('on calibration, of a time: none before the first verdict', async () => {
    const of = async (time: Partial<ReportArguments>): Promise<number> =>
      (JSON.parse(await report({ what: 'calibration', json: true, ...time })) as [{ verdicts: number }])[0].verdicts;
    expect(await of({ since: '1h' })).toBe(60);
    expect(await of({ until: '1h' })).toBe(0);
  });

  it('on confidence: one line a task and model that anything was seen of', async () => {
    expect(await report({ what: 'confidence' })).toMatch(/^task +model +confidence +prior +outcomes$/m);
    const csv = (await report({ what: 'confidence', format: 'csv' })).trimEnd().split('\r\n');
    const rows = JSON.parse(await report({ what: 'confidence', format: 'json' })) as readonly { task: string }[];
    expect(csv[0]).toBe('task,model,confidence,prior,outcomes');
    expect(csv.slice(1).map((line) => line.split(',')[0])).toEqual(rows.map(({ task }) => task));
    expect(rows.length).toBeGreaterThan(0);
  });

  it.each([
    [{ what: 'calibration', format: 'xml' }, '--format is one of table, json, csv'],
    [{ what: 'calibration', by: 'model' }, '--by says nothing of a report on calibration'],
    [{ what: 'confidence', since: '1h' }, '--since says nothing of a report on confidence'],
    [{ what: 'calibration', since: 'soon' }, "'since' is a moment"],
  ])('refuses %o', async (given, sentence) => {
    await expect(report(given)).rejects.toThrow(sentence);
  });
});
