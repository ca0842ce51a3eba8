// The schema's history. Append only: a file that went through the first n of these has user_version n.

import { ACCOUNTS_MIGRATION, JOURNAL_MIGRATION } from './accounts-schema.ts';
import { EVIDENCE_MIGRATION } from './evidence.ts';
import { EXPERIMENTS_MIGRATION } from './experiments-schema.ts';
import { LEARNING_MIGRATION, LESSONS_BY_NUMBER, NAMED_MIGRATION } from './learning-schema.ts';
import { WORDS_MIGRATION } from './pack.ts';
import { SHAPES_MIGRATION } from './pack-text.ts';
import { PERFORMANCE_MIGRATION } from './performance.ts';
import { OPTIONS_MIGRATION } from './options.ts';

export interface Migration {
  readonly name: string;
  /** Runs inside a transaction, once. */
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    name: 'requests, attempts, evidence',
    sql: `
      -- No constraint here may fail: one odd row would hold up its whole batch. Lists are set between newlines.
      CREATE TABLE requests (
        seq INTEGER PRIMARY KEY,
        id TEXT,
        tenant TEXT,
        at REAL,
        task TEXT,
        status INTEGER,
        strategy TEXT,
        models TEXT,
        flags TEXT,
        cost_nano INTEGER,
        total_ms REAL,
        record TEXT
      );
      CREATE INDEX requests_by_id ON requests (id);
      CREATE INDEX requests_by_time ON requests (at);
      CREATE INDEX requests_by_tenant ON requests (tenant, at);

      -- For reports, which need no join: request is requests.seq, ms how long the call took.
      CREATE TABLE attempts (
        request INTEGER,
        position INTEGER,
        at REAL,
        tenant TEXT,
        task TEXT,
        model TEXT,
        role TEXT,
        outcome TEXT,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cost_nano INTEGER,
        first_byte_ms REAL,
        ms REAL,
        PRIMARY KEY (request, position)
      ) WITHOUT ROWID;
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
  ACCOUNTS_MIGRATION,
  LEARNING_MIGRATION,
  PERFORMANCE_MIGRATION,
  OPTIONS_MIGRATION,
  {
    name: 'less to write for each request',
    sql: `
      -- Nobody read them: a record holds its attempts.
      DROP TABLE attempts;
      ${LESSONS_BY_NUMBER}
    `,
  },
  JOURNAL_MIGRATION,
  EXPERIMENTS_MIGRATION,
  SHAPES_MIGRATION,
  WORDS_MIGRATION,
  EVIDENCE_MIGRATION,
  NAMED_MIGRATION,
];
