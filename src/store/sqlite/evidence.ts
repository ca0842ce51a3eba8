// Evidence as decayed sums: gathered in memory, added to the table atomically, so that several processes add up.
import type { EvidenceStore, EvidenceSum } from '../../contract/index.ts';
import type { Db } from './database.ts';
import type { Migration } from './migrations.ts';
import type { Source, Writer } from './writer.ts';

export const EVIDENCE_MIGRATION: Migration = {
  name: 'which sums have changed',
  sql: `
    -- Rises with each batch of any process: who has seen one number asks for the later ones.
    ALTER TABLE evidence ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX evidence_by_change ON evidence (changed);
  `,
};

/** The sum as of the later moment `at`: `good` and `total` shrink alike. */
export type Decay = (sum: EvidenceSum, at: number) => EvidenceSum;

interface EvidenceQueue extends Source {
  readonly port: (writer: Writer) => EvidenceStore;
}

export function createEvidenceQueue(db: Db, decay: Decay): EvidenceQueue {
  /** A new one after each batch: a map that is emptied keeps alive what was in it (see `Roster`). */
  let pending = new Map<string, EvidenceSum>();
  const since = db.prepare<EvidenceSum & { readonly changed: number }>(
    'SELECT tenant, task, model, good, total, at, changed FROM evidence WHERE changed > ?',
  );
  const latest = db.prepare<{ readonly changed: number | null }>('SELECT max(changed) AS changed FROM evidence');
  const one = db.prepare<EvidenceSum>(
    'SELECT tenant, task, model, good, total, at FROM evidence WHERE tenant = ? AND task = ? AND model = ?',
  );
  const put = db.prepare(
    `INSERT INTO evidence (tenant, task, model, good, total, at, changed) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET good = excluded.good, total = excluded.total, at = excluded.at, changed = excluded.changed`,
  );
  let seen = 0;

  /** What changed after `from`, with what waits here. */
  const readFrom = (from: number): ReadonlyMap<string, EvidenceSum> => {
    const sums = new Map<string, EvidenceSum>();
    for (const { changed, ...stored } of since.all(from)) {
      seen = Math.max(seen, changed);
      const key = keyOf(stored);
      const waits = pending.get(key);
      sums.set(key, waits === undefined ? stored : plus(stored, waits, decay));
    }
    return sums;
  };

  return {
    waiting: () => pending.size,
    write: () => {
      if (pending.size === 0) return () => {};
      const changed = (latest.first()?.changed ?? 0) + 1;
      for (const delta of pending.values()) {
        const stored = one.first(delta.tenant, delta.task, delta.model);
        const sum = stored === null ? delta : plus(stored, delta, decay);
        put.run(sum.tenant, sum.task, sum.model, sum.good, sum.total, sum.at, changed);
      }
      return () => {
        pending = new Map();
        // Nobody else wrote in between: one's own is known.
        if (changed === seen + 1) seen = changed;
      };
    },
    port: (writer) => ({
      load: async () => {
        const sums = readFrom(-1);
        return [...sums.values(), ...[...pending].filter(([key]) => !sums.has(key)).map(([, waits]) => waits)];
      },
      news: () => [...readFrom(seen).values()],
      add: (deltas) => {
        for (const delta of deltas) {
          if (![delta.good, delta.total, delta.at].every(Number.isFinite)) continue;
          const key = keyOf(delta);
          const waiting = pending.get(key);
          pending.set(key, waiting === undefined ? delta : plus(waiting, delta, decay));
        }
        if (pending.size > 0) writer.soon(false);
      },
      flush: async () => writer.now(),
    }),
  };
}

const keyOf = ({ tenant, task, model }: EvidenceSum): string => JSON.stringify([tenant, task, model]);

function plus(a: EvidenceSum, b: EvidenceSum, decay: Decay): EvidenceSum {
  const at = Math.max(a.at, b.at);
  const [then, now] = [decay(a, at), decay(b, at)];
  return {
    tenant: a.tenant,
    task: a.task,
    model: a.model,
    good: then.good + now.good,
    total: then.total + now.total,
    at,
  };
}
