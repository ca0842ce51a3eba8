// Experiments in SQLite. Sums are added where they stand, so that several processes on one file add up.
import type { ExperimentStore, ShadowRun, StoredExperiment, Sums } from '../../contract/index.ts';
import type { Db } from './database.ts';

/** Runs in the shadow that are kept of each experiment. */
const MOST_RUNS = 1_000;

export function createSqliteExperiments(db: Db): ExperimentStore {
  const version = db.prepare<{ version: number }>('SELECT version FROM experiment_registry');
  const raise = db.prepare('UPDATE experiment_registry SET version = version + 1');
  const all = db.prepare<{ experiment: string }>('SELECT experiment FROM experiments ORDER BY name');
  const put = db.prepare(
    'INSERT INTO experiments VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET experiment = excluded.experiment',
  );
  const drop = [
    'experiments WHERE name',
    'experiment_sums WHERE experiment',
    'experiment_units WHERE experiment',
    'shadow_runs WHERE experiment',
  ].map((where) => db.prepare(`DELETE FROM ${where} = ?`));
  const note = db.prepare('INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)');
  const addSum = db.prepare(
    'INSERT INTO experiment_sums VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value',
  );
  const enlist = db.prepare('INSERT OR IGNORE INTO experiment_units VALUES (?, ?, ?)');
  const sums = db.prepare<{ arm: string; name: string; value: number }>(
    'SELECT arm, name, value FROM experiment_sums WHERE experiment = ? AND design = ?',
  );
  const addRun = db.prepare('INSERT INTO shadow_runs (experiment, at, run) VALUES (?, ?, ?)');
  const oldRuns = db.prepare(
    'DELETE FROM shadow_runs WHERE experiment = ? AND seq <= (SELECT seq FROM shadow_runs WHERE experiment = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)',
  );
  const runs = db.prepare<{ run: string }>(
    'SELECT run FROM shadow_runs WHERE experiment = ? ORDER BY seq DESC LIMIT ?',
  );

  return {
    version: () => version.first()?.version ?? 0,
    load: () => all.all().map(({ experiment }) => JSON.parse(experiment) as StoredExperiment),
    save: (row, { at, actor, action }) =>
      db.transaction(() => {
        put.run(row.name, JSON.stringify(row));
        note.run(at, actor, action, row.name, JSON.stringify({ ...row.row, ...row.state }));
        raise.run();
      }),
    remove: (name, { at, actor }) =>
      db.transaction(() => {
        for (const each of drop) each.run(name);
        note.run(at, actor, 'experiment.delete', name, '{}');
        raise.run();
      }),
    add: (deltas) =>
      db.transaction(() => {
        for (const { experiment, design, arm, sums: more, units } of deltas) {
          const fresh = units.reduce((count, unit) => count + enlist.run(experiment, design, unit), 0);
          if (fresh > 0) addSum.run(experiment, design, arm, 'units', fresh);
          for (const [name, value] of Object.entries(more)) addSum.run(experiment, design, arm, name, value);
        }
      }),
    sums: (experiment, design) => {
      const byArm = new Map<string, Record<string, number>>();
      for (const { arm, name, value } of sums.all(experiment, design)) {
        const known = byArm.get(arm) ?? {};
        known[name] = value;
        byArm.set(arm, known);
      }
      return byArm satisfies ReadonlyMap<string, Sums>;
    },
    addShadows: (added) =>
      db.transaction(() => {
        for (const run of added) addRun.run(run.experiment, run.at, JSON.stringify(run));
        for (const name of new Set(added.map(({ experiment }) => experiment))) oldRuns.run(name, name, MOST_RUNS);
      }),
    shadows: (experiment, limit) => runs.all(experiment, limit).map(({ run }) => JSON.parse(run) as ShadowRun),
  };
}
