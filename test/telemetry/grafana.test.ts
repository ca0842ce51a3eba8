// Board and alerts ask only for metrics and labels that a running program has; so do boards made for LiteLLM.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { send } from '../support/program.ts';
import { openOffice, type Office } from '../http-admin/office.ts';

const read = (name: string): string => readFileSync(resolve(import.meta.dirname, '../../config/grafana', name), 'utf8');

interface Board {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}
interface Alerts {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const board = JSON.parse(read('dashboard.json')) as Board;
const alerts = parse(read('alerts.yaml')) as Alerts;
const BOARD = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const ALERTS = alerts.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));

let office: Office;
/** Name of a series → its labels, of families without a sample too. */
let known: ReadonlyMap<string, ReadonlySet<string>>;
let text: string;

beforeAll(async () => {
  office = await openOffice({
    more: {
      telemetry: { litellm_names: true },
      limits: { roles: { global: 6 } },
      budgets: [
        { scope: 'global', period: 'month', limit_usd: 9 },
        { scope: 'team', id: 'data', period: 'month', limit_usd: 5 },
      ],
    },
  });
  const { secret } = await office.key({ name: 'etl', team: 'data', budget: '5/month' });
  office.upstream.reply('gamma', { status: 500 });
  for (const model of ['alpha', 'gamma', 'quorum/triple', 'nothing-known']) await office.chat(secret, { model });
  await office.chat(secret, { model: 'alpha', stream: true });
  text = (await send(`${office.url}/metrics`)).text;
  known = seriesOf(text);
});
afterAll(() => office.close());

function seriesOf(metrics: string): ReadonlyMap<string, ReadonlySet<string>> {
  const series = new Map<string, Set<string>>();
  const add = (name: string, labels: readonly string[]): void => {
    const all = series.get(name) ?? new Set<string>();
    for (const label of labels) all.add(label);
    series.set(name, all);
  };
  for (const line of metrics.split('\n')) {
    const [, type, kind] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    if (type !== undefined)
      for (const end of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) add(type + end, []);
    const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name !== undefined)
      add(
        name,
        [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!),
      );
  }
  return series;
}

const SERIES = /\b(?:quorum|process|nodejs|litellm)_[a-z_]+\b/g;
/** Added by who scrapes. */
const SCRAPED: ReadonlySet<string> = new Set(['job', 'instance', 'le']);

function complaints(expressions: readonly string[]): readonly string[] {
  return expressions.flatMap((expr) => {
    const names = [...new Set(expr.match(SERIES) ?? [])];
    if (names.length === 0) return [`${expr} asks for nothing`];
    const unknown = names.filter((name) => !known.has(name)).map((name) => `there is no ${name}`);
    const labels = [
      ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(',').map((label) => label.trim())),
      ...[...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|=|!=)/g)].map(([, label]) => label!),
    ].filter((label) => !SCRAPED.has(label));
    const sampled = names.some((name) => (known.get(name)?.size ?? 0) > 0);
    const missing = sampled ? labels.filter((label) => !names.some((name) => known.get(name)?.has(label))) : [];
    return [...unknown, ...missing.map((label) => `${names.join()} has no label ${label}`)];
  });
}

it('the board has panels, and each asks for what there is', () => {
  expect(BOARD.length).toBeGreaterThan(25);
  expect(complaints(BOARD)).toEqual([]);
});

it('so does each alert', () => {
  expect(ALERTS.length).toBeGreaterThan(8);
  expect(complaints(ALERTS)).toEqual([]);
});

it('a name or a label that there is not is noticed', () => {
  expect(complaints(['rate(quorum_requests_totals[5m])'])).toEqual(['there is no quorum_requests_totals']);
  expect(complaints(['sum by (colour) (quorum_requests_total)'])).toEqual([
    'quorum_requests_total has no label colour',
  ]);
});

it('everything that is listed for operators is there', () => {
  const wanted = [
    'requests_total',
    'request_duration_seconds_bucket',
    'overhead_seconds_bucket',
    'tokens_total',
    'cost_usd_total',
  ];
  const more = [
    'budget_spent_usd',
    'budget_limit_usd',
    'cache_entries',
    'cache_results_total',
    'queue_wait_ms_bucket',
    'breaker_state',
  ];
  const rest = [
    'agreement_bucket',
    'confidence_bucket',
    'experiment_requests_total',
    'event_loop_lag_ms',
    'slots_used',
    'anomaly',
  ];
  for (const name of [...wanted, ...more, ...rest]) expect([...known.keys()]).toContain(`quorum_${name}`);
  expect(text).toMatch(/^quorum_budget_limit_usd\{budget="config:team:data:month",scope="team",subject="data"\} 5$/m);
  expect(text).toMatch(/^quorum_breaker_state\{model="gamma",provider="scripted"\} \d$/m);
});

it('LiteLLM’s names have the same numbers', () => {
  const valueOf = (series: string): number => Number(new RegExp(`^${series} (\\S+)$`, 'm').exec(text)?.[1]);
  expect(valueOf('litellm_proxy_total_requests_metric_total\\{requested_model="alpha",status_code="200"\\}')).toBe(2);
  expect(
    valueOf('litellm_proxy_failed_requests_metric_total\\{requested_model="gamma",exception_status="502"\\}'),
  ).toBe(1);
  expect(valueOf('litellm_spend_metric_total\\{model="alpha"\\}')).toBe(
    valueOf('quorum_cost_usd_total\\{model="alpha"\\}'),
  );
  expect(valueOf('litellm_team_max_budget_metric\\{team="data"\\}')).toBe(5);
  for (const name of [
    'litellm_total_tokens_metric_total',
    'litellm_request_total_latency_metric_bucket',
    'litellm_llm_api_latency_metric_sum',
    'litellm_deployment_state',
    'litellm_remaining_api_key_budget_metric',
  ])
    expect([...known.keys()]).toContain(name);
});

it('labels are names of the config; whatever else callers send is one', () => {
  expect(text).not.toContain('nothing-known');
  expect(text).toContain('requested_model="other"');
});
