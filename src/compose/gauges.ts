// What the rooms know at the moment, for whoever reads the metrics: budgets, cache, circuits, slots, rate limits, lag, anomalies.
import type { Budgets } from '../accounts/index.ts';
import type { Cache } from '../cache/index.ts';
import { usdOf, type Clock, type CurrentSettings, type Ledger, type Nano } from '../contract/index.ts';
import type { SqliteStore } from '../store/index.ts';
import type { Anomaly, Metrics } from '../telemetry/index.ts';
import type { ModelHealth, ModelPace, SlotUse } from '../upstream/index.ts';

interface GaugeSources {
  readonly settings: CurrentSettings;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly cache: Cache;
  readonly store: Pick<SqliteStore, 'dropped'>;
  readonly clock: Clock;
  readonly health: () => {
    readonly models: readonly ModelHealth[];
    readonly paces: readonly ModelPace[];
    readonly slots: readonly SlotUse[];
    readonly lagMs: number;
  };
  readonly anomalies: () => readonly Anomaly[];
}

/** More budgets than anyone draws are left out. */
const MOST_BUDGETS = 200;
const CIRCUIT = { closed: 0, half_open: 1, open: 2 } as const;

export function addGauges(metrics: Metrics, sources: GaugeSources): void {
  metrics.onRead((series) => {
    const gauge = (name: string, help: string, labels: readonly string[] = []) =>
      series.gauge(`quorum_${name}`, help, labels);
    const byBudget = ['budget', 'scope', 'subject'];
    const money = {
      limit: gauge('budget_limit_usd', "A budget's limit in its present period.", byBudget),
      spent: gauge('budget_spent_usd', 'What was spent of it.', byBudget),
      held: gauge('budget_held_usd', 'What requests in flight hold of it.', byBudget),
      left: gauge('budget_left_usd', 'What is left of it.', byBudget),
    };
    return async () => {
      for (const each of Object.values(money)) each.clear();
      const { budgets, ledger, clock } = sources;
      const asked = budgets
        .list()
        .filter(({ scope, subject }) => scope === 'global' || subject !== null)
        .slice(0, MOST_BUDGETS)
        .map((budget) => budgets.allowance(budget, budget.subject, clock.now()));
      for (const { budget, scope, subject, limit, spent, held } of await ledger.balances(asked)) {
        const labels = [budget, scope, subject ?? 'global'];
        money.limit.set(usdOf(limit), ...labels);
        money.spent.set(usdOf(spent), ...labels);
        money.held.set(usdOf(held), ...labels);
        money.left.set(usdOf(Math.max(0, limit - spent - held) as Nano), ...labels);
      }
    };
  });
  metrics.onRead((series) => {
    const gauge = (name: string, help: string, labels: readonly string[] = []) =>
      series.gauge(`quorum_${name}`, help, labels);
    const circuit = gauge('breaker_state', '0 closed, 1 half-open, 2 open.', ['model', 'provider']);
    const pace = gauge('pace_wait_ms', "Until a provider's rate limits let the next call go.", ['model']);
    const used = gauge('slots_used', 'Requests or calls that hold a slot.', ['slot']);
    const limit = gauge('slots_limit', 'Slots there are.', ['slot']);
    const waiting = gauge('slots_waiting', 'Requests that wait for a slot.', ['slot']);
    const lag = gauge('event_loop_lag_ms', 'How late the process is with what it has to do, smoothed.');
    const model = gauge('model_info', 'Always 1; for joining.', ['model', 'provider', 'usable']);
    return () => {
      for (const each of [circuit, pace, used, limit, waiting, model]) each.clear();
      const { models, paces, slots, lagMs } = sources.health();
      for (const each of models) circuit.set(CIRCUIT[each.state], each.model, each.provider);
      for (const each of paces) pace.set(each.waitMs, each.model);
      for (const each of slots) {
        used.set(each.used, each.name);
        limit.set(each.limit, each.name);
        waiting.set(each.waiting, each.name);
      }
      lag.set(lagMs);
      const { models: known, usable } = sources.settings();
      for (const { name, provider } of known.values()) model.set(1, name, provider, String(usable.has(name)));
    };
  });
  metrics.onRead((series) => {
    const gauge = (name: string, help: string, labels: readonly string[] = []) =>
      series.gauge(`quorum_${name}`, help, labels);
    const entries = gauge('cache_entries', 'Answers in the cache.');
    const bytes = gauge('cache_bytes', 'What they take.');
    const saved = gauge('cache_saved_usd', 'What hits saved since the start.');
    const evicted = gauge('cache_evicted', 'Answers that had to go for others since the start.');
    const dropped = gauge('records_dropped', 'Records given up because the disk failed, since the start.');
    const anomaly = gauge('anomaly', 'A model that is not as it used to be; the value.', ['model', 'measure']);
    return () => {
      const stats = sources.cache.stats();
      entries.set(stats.entries);
      bytes.set(stats.bytes);
      saved.set(usdOf(stats.saved));
      evicted.set(stats.evicted);
      dropped.set(sources.store.dropped());
      anomaly.clear();
      for (const { model, measure, value, ended } of sources.anomalies())
        if (ended === null) anomaly.set(value, model, measure);
    };
  });
}
