// Evidence as decayed sums: gathered in memory, added to the table atomically, so that several processes add up.
import type { EvidenceStore, EvidenceSum } from '../../contract/index.ts';
import type { Db } from './database.ts';
import type { Source, Writer } from './writer.ts';

/** The sum as of the later moment `at`: `good` and `total` shrink alike. */
export type Decay = (sum: EvidenceSum, at: number) => EvidenceSum;

export interface EvidenceQueue extends Source {
  readonly port: (writer: Writer) => EvidenceStore;
}

export function createEvidenceQueue(db: Db, decay: Decay): EvidenceQueue {
  /** A new one after each batch: a map that is emptied keeps alive what was in it (see `Roster`). */
  let pending = new Map<string, EvidenceSum>();
  const all = db.prepare<EvidenceSum>('SELECT tenant, task, model, good, total, at FROM evidence');
  const one = db.prepare<EvidenceSum>(
    'SELECT tenant, task, model, good, total, at FROM evidence WHERE tenant = ? AND task = ? AND model = ?',
  );
  const put = db.prepare(
    `INSERT INTO evidence (tenant, task, model, good, total, at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET good = excluded.good, total = excluded.total, at = excluded.at`,
  );

  return {
    waiting: () => pending.size,
    write: () => {
      for (const delta of pending.values()) {
        const stored = one.first(delta.tenant, delta.task, delta.model);
        const sum = stored === null ? delta : plus(stored, delta, decay);
        put.run(sum.tenant, sum.task, sum.model, sum.good, sum.total, sum.at);
      }
      return () => {
        pending = new Map();
      };
    },
    port: (writer) => ({
      load: async () => {
        const sums = new Map(all.all().map((sum) => [keyOf(sum), sum]));
        for (const [key, delta] of pending) {
          const stored = sums.get(key);
          sums.set(key, stored === undefined ? delta : plus(stored, delta, decay));
        }
        return [...sums.values()];
      },
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
