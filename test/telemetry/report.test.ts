// Reports add up what processes saw, and their percentiles are those of all that was seen.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HourRow, Nano, RequestRecord } from '../../src/contract/index.ts';
import { createReport, type ReportQuery, type Verdict } from '../../src/telemetry/report.ts';
import { reportCells, reportCsv, sparkline } from '../../src/telemetry/report-text.ts';
import { createTally } from '../../src/telemetry/tally.ts';
import { attemptOf, recordOf, START } from '../store/fixtures.ts';

const HOUR = 3_600_000;
const NAMES = {
  providerOf: (model: string) => (model === 'a' ? 'one' : 'two'),
  teamOf: (tenant: string) => (tenant === 'acme' ? 'data' : null),
};
const ALL: ReportQuery = { by: [], since: START, until: START + 24 * HOUR };

function rowsOf(records: readonly RequestRecord[]): readonly HourRow[] {
  const tally = createTally();
  for (const record of records) tally.observe(record);
  return tally.take(Number.POSITIVE_INFINITY);
}

function reported(query: ReportQuery, rows: readonly HourRow[], verdicts: readonly Verdict[] = []) {
  const report = createReport(query, NAMES);
  report.add(rows);
  report.addVerdicts(verdicts);
  return report.done();
}

const took = (id: string, totalMs: number, more: Parameters<typeof recordOf>[1] = {}): RequestRecord =>
  recordOf(id, {
    timings: { totalMs, firstByteMs: totalMs / 2, upstreamMs: 0, overheadMs: 1, stages: { members: totalMs } },
    ...more,
  });

it('Π13 percentiles of a report are those of every request, whichever process and hour saw it, within one percent', () => {
  const sample = fc.array(fc.record({ ms: fc.double({ min: 0.01, max: 100_000, noNaN: true }), process: fc.nat(2) }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(sample, (times) => {
      const rows = [0, 1, 2].flatMap((process) =>
        rowsOf(times.flatMap((each, nth) => (each.process === process ? [took(`r${nth}`, each.ms)] : []))),
      );
      const { total } = reported(ALL, rows);
      const sorted = times.map(({ ms }) => ms).sort((one, other) => one - other);
      expect(total.requests).toBe(times.length);
      for (const [name, q] of [
        ['p50', 0.5],
        ['p90', 0.9],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const) {
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
        for (const spread of [total.latency_ms!, total.stages_ms['members']!])
          expect(Math.abs(spread[name] - exact)).toBeLessThanOrEqual(exact * 0.0101 + 0.001);
      }
    }),
    { numRuns: 100 },
  );
});

describe('a report', () => {
  it('groups requests by whatever they bear, with errors, refusals, cache and cost', () => {
    const rows = rowsOf([
      took('r1', 100, { task: 'math', cost: 2_000_000 as Nano }),
      took('r2', 300, { task: 'math', status: 502, tenant: 'other' }),
      took('r3', 10, { task: 'code', cache: 'hit', attempts: [] }),
      took('r4', 10, { task: 'code', status: 429 }),
    ]);
    const { counts, rows: groups, total } = reported({ ...ALL, by: ['task', 'team'] }, rows);
    expect(counts).toBe('requests');
    expect(groups.map(({ group, requests, failed }) => [group, requests, failed])).toEqual([
      [{ task: 'code', team: 'data' }, 2, 0],
      [{ task: 'math', team: 'data' }, 1, 0],
      [{ task: 'math', team: null }, 1, 1],
    ]);
    expect(total).toMatchObject({ requests: 4, ok: 2, failed: 1, refused: 1, error_rate: 0.25, cache_hits: 1 });
    expect(total.cost_usd).toBeCloseTo(0.002_003);
  });

  it('by model it counts calls: outcomes, agreement with the others, tokens', () => {
    const merge = {
      kind: 'number' as const,
      agreement: 0.5,
      camps: [
        { models: ['a'], weight: 1, value: '1' },
        { models: ['b'], weight: 1, value: '2' },
      ],
      provenance: [],
      violations: [],
    };
    const { rows } = reported(
      { ...ALL, by: ['model', 'provider'] },
      rowsOf([
        took('r', 100, { merge, attempts: [attemptOf('a'), attemptOf('b'), attemptOf('b', { outcome: 'timeout' })] }),
      ]),
    );
    expect(rows[0]).toMatchObject({ group: { model: 'b', provider: 'two' }, requests: 2, failed: 1, agreement: 0 });
    expect(rows[1]).toMatchObject({
      group: { model: 'a', provider: 'one' },
      requests: 1,
      agreement: 1,
      input_tokens: 10,
    });
  });

  it('by user and tag it is the records that count: for each tag, and once in the total', () => {
    const of = (by: ReportQuery['by']) => {
      const report = createReport({ ...ALL, by }, NAMES);
      for (const record of [
        took('r1', 100, { user: 'ann', tags: ['index', 'nightly'], cost: 2_000 as Nano }),
        took('r2', 300, { user: 'ann', tags: ['index'], status: 502 }),
        took('r3', 50, { tags: [] }),
      ])
        report.addRecord(record);
      report.addVerdicts([
        {
          at: START,
          task: 'math',
          tenant: 'acme',
          strategy: null,
          tier: null,
          models: ['a'],
          user: 'ann',
          tags: ['index', 'nightly'],
          good: 1,
        },
      ]);
      return report.done();
    };
    const { rows, total } = of(['tag', 'user']);
    expect(rows.map(({ group, requests, failed, accuracy }) => [group, requests, failed, accuracy])).toEqual([
      [{ tag: 'index', user: 'ann' }, 2, 1, 1],
      [{ tag: 'nightly', user: 'ann' }, 1, 0, 1],
      [{ tag: null, user: null }, 1, 0, null],
    ]);
    expect(total).toMatchObject({ requests: 3, verdicts: 1 });
    expect(rows[0]!.latency_ms!.p99).toBeCloseTo(300, -1);
    expect(of(['user', 'model']).rows.map(({ group, requests }) => [group, requests])).toEqual([
      [{ user: 'ann', model: 'a' }, 2],
      [{ user: null, model: 'a' }, 1],
    ]);
  });

  it('accuracy is what people said of the answers, trends are by time', () => {
    const verdict = {
      at: START + HOUR,
      task: 'math',
      tenant: 'acme',
      strategy: null,
      tier: null,
      user: null,
      tags: [],
    };
    const { rows } = reported(
      { ...ALL, by: ['model'] },
      rowsOf([took('early', 100), took('late', 200, { at: START + 5 * HOUR })]),
      [
        { ...verdict, models: ['a'], good: 1 },
        { ...verdict, models: ['a', 'a'], good: 0 },
        { ...verdict, models: ['b'], good: 0 },
        { ...verdict, at: START - 1, models: ['a'], good: 0 },
      ],
    );
    expect(rows[0]).toMatchObject({ accuracy: 0.5, verdicts: 2 });
    expect(rows[0]!.trend).toHaveLength(24);
    expect(rows[0]!.trend.map(({ requests }) => requests).filter((count) => count > 0)).toEqual([1, 1]);
    expect(rows[0]!.trend[5]).toMatchObject({ requests: 1, at: '2026-01-01T05:00:00.000Z' });
    expect(rows[0]!.trend[1]!.accuracy).toBe(0.5);
  });

  it('names without end are counted, without their tenant', () => {
    const rows = rowsOf(
      Array.from({ length: 6_000 }, (_, nth) => took(`r${nth}`, 1, { tenant: `t${nth}`, attempts: [] })),
    );
    expect(rows.length).toBeLessThanOrEqual(4_001);
    expect(reported(ALL, rows).total.requests).toBe(6_000);
  });

  it('as a table with small charts, and as CSV that no spreadsheet takes for a formula', () => {
    expect(sparkline([0, 1, null, 4, 8])).toBe('▁▂ ▅█');
    const report = reported({ ...ALL, by: ['task'] }, rowsOf([took('r1', 1_234.5, { task: '=SUM(A1),\u001b[2J' })]));
    const { head, rows } = reportCells(report);
    expect(head.slice(0, 3)).toEqual(['task', 'requests', 'errors']);
    expect(rows.map((cells) => cells.length)).toEqual([head.length, head.length]);
    expect(rows[0]![0]).toBe('=SUM(A1),?[2J');
    expect(rows[0]).toContain('1235 ms');
    const [heads, line] = reportCsv(report).split('\r\n');
    expect(heads).toContain('task,requests,ok,failed');
    expect(heads).toContain('latency_p99_ms');
    expect(line).toMatch(/^"'=SUM\(A1\),/);
  });
});
