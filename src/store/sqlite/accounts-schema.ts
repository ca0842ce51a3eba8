// Tables of keys, budgets and the ledger. Entries and the audit can only grow: triggers refuse everything else.
import type { Migration } from './migrations.ts';

const appendOnly = (table: string): string => `
  CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;
  CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;
`;

export const ACCOUNTS_MIGRATION: Migration = {
  name: 'keys, budgets, ledger',
  sql: `
    CREATE TABLE registry (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      version INTEGER NOT NULL
    ) STRICT;
    INSERT INTO registry VALUES (1, 0);

    CREATE TABLE keys (
      id TEXT PRIMARY KEY,
      key TEXT NOT NULL,
      last_used_at REAL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE key_secrets (
      hash TEXT PRIMARY KEY,
      key_id TEXT NOT NULL REFERENCES keys (id),
      until REAL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX key_secrets_by_key ON key_secrets (key_id);
    CREATE TABLE teams (id TEXT PRIMARY KEY, team TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE budgets (id TEXT PRIMARY KEY, budget TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE audit (
      seq INTEGER PRIMARY KEY,
      at REAL NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_by_subject ON audit (subject, seq);
    ${appendOnly('audit')}

    CREATE TABLE owners (
      id TEXT PRIMARY KEY,
      place TEXT NOT NULL,
      pid INTEGER NOT NULL,
      started TEXT NOT NULL,
      beat_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE holds (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      at REAL NOT NULL,
      hold TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE balances (
      id TEXT PRIMARY KEY,
      allowance TEXT NOT NULL,
      posted INTEGER NOT NULL,
      held INTEGER NOT NULL,
      topped INTEGER NOT NULL,
      forgiven INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE entries (
      seq INTEGER PRIMARY KEY,
      at REAL NOT NULL,
      kind TEXT NOT NULL,
      amount INTEGER NOT NULL,
      call TEXT NOT NULL,
      key_id TEXT,
      team TEXT,
      user TEXT,
      tags TEXT,
      model TEXT,
      task TEXT,
      strategy TEXT,
      input_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      flag TEXT,
      allowances TEXT NOT NULL,
      detail TEXT,
      corrects INTEGER
    ) STRICT;
    CREATE INDEX entries_by_time ON entries (at);
    CREATE INDEX entries_unreconciled ON entries (call) WHERE flag = 'unreconciled';
    CREATE UNIQUE INDEX entries_corrected ON entries (corrects) WHERE corrects IS NOT NULL;
    ${appendOnly('entries')}

    CREATE TABLE idempotency (
      tenant TEXT NOT NULL,
      key TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      at REAL NOT NULL,
      owner TEXT NOT NULL,
      status INTEGER,
      headers TEXT,
      body BLOB,
      PRIMARY KEY (tenant, key)
    ) STRICT;
    CREATE INDEX idempotency_by_time ON idempotency (at);

    CREATE TABLE alerts (
      id TEXT PRIMARY KEY,
      alert TEXT NOT NULL,
      at REAL NOT NULL,
      delivered_at REAL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alerts_undelivered ON alerts (at) WHERE delivered_at IS NULL;
  `,
};

export const JOURNAL_MIGRATION: Migration = {
  name: 'holds as a journal',
  sql: `
    -- Changes: [[hold, what is open of it or null], …], in the order of seq.
    CREATE TABLE hold_journal (
      seq INTEGER PRIMARY KEY,
      owner TEXT NOT NULL,
      changes TEXT NOT NULL
    ) STRICT;
    INSERT INTO hold_journal (owner, changes) SELECT owner, json_array(json_array(id, json(hold))) FROM holds;
    DROP TABLE holds;
  `,
};
