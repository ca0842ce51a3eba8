// `quorum replay --policy` on records made while the router learnt: it must know what was known then, and what was asked for.
import { describe, expect, it } from 'vitest';
import { createReplay } from '../../src/cli/replay/engine.ts';
import type { RecordedAnswer, RecordedRow } from '../../src/cli/replay/dataset.ts';
import { plainSettings } from '../../src/cli/replay/settings.ts';
import { whatIf } from '../../src/cli/replay/what-if.ts';
import type { RequestRecord, Settings, Taught } from '../../src/contract/index.ts';

/** How often each is right at sums and at capitals, and what it costs. */
const MODELS = { tiny: [0.5, 0.7, 1e-5], small: [0.75, 0.8, 1e-3], large: [0.9, 0.88, 1e-2], huge: [0.93, 0.9, 4e-2] };
const TASKS = [
  (nth: number) => `Add ${nth} and ${nth * 7}.`,
  (nth: number) => `Which city is the capital of land ${nth}?`,
];

const rows: readonly RecordedRow[] = Array.from({ length: 240 }, (_, nth) => {
  const answers = Object.entries(MODELS).map(([name, [sums, capitals, cost]], at): [string, RecordedAnswer] => {
    const correct = ((nth * 37 + at * 61) % 100) / 100 < (nth % 2 === 0 ? sums! : capitals!) ? 1 : 0;
    const message = { role: 'assistant' as const, content: String(correct === 1 ? nth : nth + 1 + at) };
    const [promptTokens, completionTokens] = [30 + (nth % 3), 12 + (nth % 5)];
    const costUsd = (cost! * (promptTokens + 4 * completionTokens)) / 80;
    return [name, { message, correct, costUsd, promptTokens, completionTokens, latencyMs: 300 + 100 * at }];
  });
  const tools = [{ type: 'function', function: { name: 'add', parameters: { type: 'object', properties: {} } } }];
  const request = {
    model: 'auto',
    messages: [{ role: 'user' as const, content: TASKS[nth % 2]!(nth) }],
    ...(nth % 5 === 0 && { response_format: { type: 'json_object' as const } }),
    ...(nth % 7 === 0 && { tools }),
  };
  return { id: `row-${nth}`, source: {}, family: 'made', request, answers: new Map(answers) } as unknown as RecordedRow;
});

async function recorded(settings: Settings) {
  const replay = createReplay({ settings, seed: 3 });
  const records: RequestRecord[] = [];
  const verdicts: Taught[] = [];
  for (const [nth, row] of rows.entries()) {
    const served = await replay.serve(row, nth % 11 === 0 ? { strategy: 'dual' } : {});
    replay.judge(served);
    records.push({ ...served.record, decision: JSON.parse(JSON.stringify(served.record.decision)) as never });
    const feedback = { request: served.record.id, good: served.correct };
    verdicts.push({ seq: nth, feedback } as unknown as Taught);
  }
  return { records, verdicts, forecast: replay.learner.forecast };
}

describe('the records of a router that learnt meanwhile', () => {
  it.each(['quality', 'balanced', 'cost'] as const)(
    'the same policy, which prefers %s, would do all of it again',
    async (prefer) => {
      const settings = await plainSettings(rows, { routing: { prefer, explore: 0.1 } });
      const { records, verdicts, forecast } = await recorded(settings);
      const told = whatIf(records, verdicts, settings, forecast);
      expect(told).toMatchObject({ records: rows.length, partial: 0 });
      expect(told.accuracy!.matched / rows.length).toBeGreaterThan(0.99);
      expect(told.accuracy!.effective / rows.length, 'with the probability that it was done with').toBeGreaterThan(
        0.98,
      );
      expect(told.accuracy!.ips.value).toBeCloseTo(told.accuracy!.recorded.value, 1);
    },
  );

  it('another policy is not taken for the same', async () => {
    const settings = await plainSettings(rows, { routing: { prefer: 'quality', explore: 0.1 } });
    const { records, verdicts, forecast } = await recorded(settings);
    const other = await plainSettings(rows, { routing: { prefer: 'cost', explore: 0.1 } });
    const { accuracy } = whatIf(records, verdicts, other, forecast);
    expect(accuracy === null || accuracy.matched < rows.length * 0.8).toBe(true);
  });
});
