// Tables of what is learnt from: lessons that wait for a verdict, verdicts with their lessons, and the history of confidences.
import type { Migration } from './migrations.ts';

export const LEARNING_MIGRATION: Migration = {
  name: 'lessons, verdicts, history of confidences',
  sql: `
    CREATE TABLE lessons (
      request TEXT PRIMARY KEY,
      tenant TEXT,
      at REAL,
      body TEXT,
      traits BLOB
    ) WITHOUT ROWID;
    CREATE INDEX lessons_by_time ON lessons (at);

    -- A verdict that is replaced gets a new number, so that other processes see it.
    CREATE TABLE verdicts (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      request TEXT UNIQUE,
      tenant TEXT,
      at REAL,
      verdict TEXT,
      lesson TEXT,
      traits BLOB
    );
    CREATE INDEX verdicts_by_tenant ON verdicts (tenant, seq);

    CREATE TABLE confidence_history (
      seq INTEGER PRIMARY KEY,
      at REAL,
      task TEXT,
      model TEXT,
      before REAL,
      after REAL,
      why TEXT
    );
    CREATE INDEX confidence_history_by_model ON confidence_history (model, task, seq);
  `,
};

/** Long rows in the order of random keys are moved again and again; at the end of a table they stay where they are. */
export const LESSONS_BY_NUMBER = `
  CREATE TABLE numbered_lessons (
    seq INTEGER PRIMARY KEY,
    request TEXT,
    tenant TEXT,
    at REAL,
    body TEXT,
    traits BLOB
  );
  INSERT INTO numbered_lessons (request, tenant, at, body, traits)
    SELECT request, tenant, at, body, traits FROM lessons ORDER BY at;
  DROP TABLE lessons;
  ALTER TABLE numbered_lessons RENAME TO lessons;
  CREATE INDEX lessons_by_request ON lessons (request);
`;

export const NAMED_MIGRATION: Migration = {
  name: 'lessons whose task was named',
  sql: `
    ALTER TABLE lessons ADD COLUMN named TEXT;
    CREATE INDEX lessons_named ON lessons (seq) WHERE named IS NOT NULL;
  `,
};
