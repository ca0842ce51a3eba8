// The schema's history. Append only: a file that went through the first n of these has user_version n.

export interface Migration {
  readonly name: string;
  /** Runs inside a transaction, once. */
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    name: 'requests, attempts, evidence',
    sql: `
      CREATE TABLE requests (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        at REAL NOT NULL,
        task TEXT,
        status INTEGER NOT NULL,
        strategy TEXT,
        flags TEXT NOT NULL,
        cost_nano INTEGER NOT NULL,
        total_ms REAL NOT NULL,
        record TEXT NOT NULL
      ) STRICT;
      CREATE INDEX requests_by_time ON requests (at, seq);
      CREATE INDEX requests_by_tenant ON requests (tenant, at, seq);

      CREATE TABLE attempts (
        request INTEGER NOT NULL REFERENCES requests (seq) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        at REAL NOT NULL,
        model TEXT NOT NULL,
        role TEXT NOT NULL,
        outcome TEXT NOT NULL,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cost_nano INTEGER NOT NULL,
        ms REAL NOT NULL,
        PRIMARY KEY (request, position)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX attempts_by_model ON attempts (model, at);

      CREATE TABLE evidence (
        tenant TEXT NOT NULL,
        task TEXT NOT NULL,
        model TEXT NOT NULL,
        good REAL NOT NULL,
        total REAL NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (tenant, task, model)
      ) STRICT, WITHOUT ROWID;
    `,
  },
];
