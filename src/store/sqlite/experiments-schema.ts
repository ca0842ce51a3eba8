// Tables of experiments: definitions and what was set since, sums that only ever grow by adding, units that were seen, runs in the shadow.
import type { Migration } from './migrations.ts';

export const EXPERIMENTS_MIGRATION: Migration = {
  name: 'experiments',
  sql: `
    CREATE TABLE experiment_registry (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      version INTEGER NOT NULL
    ) STRICT;
    INSERT INTO experiment_registry VALUES (1, 0);

    CREATE TABLE experiments (name TEXT PRIMARY KEY, experiment TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE experiment_sums (
      experiment TEXT NOT NULL,
      design TEXT NOT NULL,
      arm TEXT NOT NULL,
      name TEXT NOT NULL,
      value REAL NOT NULL,
      PRIMARY KEY (experiment, design, arm, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE experiment_units (
      experiment TEXT NOT NULL,
      design TEXT NOT NULL,
      unit TEXT NOT NULL,
      PRIMARY KEY (experiment, design, unit)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE shadow_runs (
      seq INTEGER PRIMARY KEY,
      experiment TEXT NOT NULL,
      at REAL NOT NULL,
      run TEXT NOT NULL
    ) STRICT;
    CREATE INDEX shadow_runs_by_experiment ON shadow_runs (experiment, seq);
  `,
};
