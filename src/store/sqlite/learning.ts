// Lessons, verdicts and the history of confidences. Lessons and history wait in memory and are written in batches; a verdict at once.
import {
  TRAIT_MEASURES,
  type ConfidenceChange,
  type Feedback,
  type LearningStore,
  type Lesson,
  type Named,
  type PastChange,
  type Taught,
  type Traits,
} from '../../contract/index.ts';
import type { Db, Value } from './database.ts';
import { createPacker, type Packed } from './pack.ts';
import { inserter } from './rows.ts';
import type { Source, Writer } from './writer.ts';

const MOST_ROWS = 256;
const QUEUE_ROWS = 10_000;

interface LearningQueue extends Source {
  readonly port: (writer: Writer) => LearningStore;
}

interface LessonRow<Body extends Packed = Packed> {
  readonly request: string;
  readonly tenant: string;
  readonly at: number;
  readonly body: Body;
  readonly traits: Uint8Array | null;
  /** Set where the caller named the task. */
  readonly named: string | null;
}
interface NamedRow {
  readonly seq: number;
  readonly tenant: string;
  readonly named: string;
  readonly traits: Uint8Array;
}
interface VerdictRow {
  readonly seq: number;
  readonly verdict: string;
  readonly lesson: string;
  readonly traits: Uint8Array | null;
}

export function createLearningQueue(db: Db): LearningQueue {
  /** As rows: they take less room than what they tell of. */
  const lessons: LessonRow<Uint8Array>[] = [];
  const changes: ConfidenceChange[] = [];
  const packer = createPacker(db);
  const put = inserter(db, 'lessons', ['request', 'tenant', 'at', 'body', 'traits', 'named']);
  const one = db.prepare<Omit<LessonRow, 'named'>>(
    'SELECT request, tenant, at, body, traits FROM lessons WHERE request = ? ORDER BY seq DESC LIMIT 1',
  );
  const old = db.prepare<VerdictRow>('SELECT seq, verdict, lesson, traits FROM verdicts WHERE request = ?');
  const drop = db.prepare('DELETE FROM verdicts WHERE request = ?');
  const judge = db.prepare(
    'INSERT INTO verdicts (request, tenant, at, verdict, lesson, traits) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const since = db.prepare<VerdictRow>(
    'SELECT seq, verdict, lesson, traits FROM (SELECT * FROM verdicts WHERE seq > ? ORDER BY seq DESC LIMIT ?) ORDER BY seq',
  );
  const next = db.prepare<VerdictRow>(
    'SELECT seq, verdict, lesson, traits FROM verdicts WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const before = db.prepare<VerdictRow>(
    'SELECT seq, verdict, lesson, traits FROM verdicts WHERE seq < ? AND (? IS NULL OR tenant = ?) ORDER BY seq DESC LIMIT ?',
  );
  const note = db.prepare(
    'INSERT INTO confidence_history (at, task, model, before, after, why) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const past = db.prepare<PastChange & Record<string, Value>>(
    `SELECT seq, at, task, model, before, after, why FROM confidence_history
     WHERE seq < ? AND (? IS NULL OR task = ?) AND (? IS NULL OR model = ?) ORDER BY seq DESC LIMIT ?`,
  );
  const namedSince = db.prepare<NamedRow>(
    `SELECT seq, tenant, named, traits FROM
       (SELECT seq, tenant, named, traits FROM lessons WHERE named IS NOT NULL AND seq > ? ORDER BY seq DESC LIMIT ?)
     ORDER BY seq`,
  );
  const latest = db.prepare<Omit<LessonRow, 'traits' | 'named'>>(
    'SELECT request, tenant, at, body FROM lessons ORDER BY seq DESC LIMIT ?',
  );
  // They lie in order of time, so the scan ends at the first that stays. The last row always does: from an empty table SQLite
  // would count from one again, below what those who read on by number have read.
  const firstKept = db.prepare<{ seq: number | null }>(
    'SELECT coalesce((SELECT seq FROM lessons WHERE at >= ? ORDER BY seq LIMIT 1), max(seq)) AS seq FROM lessons',
  );
  const forget = db.prepare('DELETE FROM lessons WHERE seq < ?');

  const stored = (
    { request, tenant, at, body }: Omit<LessonRow, 'traits' | 'named'>,
    traits: Uint8Array | null,
  ): Lesson => ({
    ...(packer.unpack(body) as Lesson),
    request,
    tenant,
    at,
    traits: traits === null ? null : traitsOf(traits),
  });
  const find = (request: string): Lesson | null => {
    const waiting = lessons.findLast((row) => row.request === request);
    if (waiting !== undefined) return stored(waiting, waiting.traits);
    const row = one.first(request);
    if (row !== null) return stored(row, row.traits);
    const judged = old.first(request);
    return judged && lessonOf(judged.lesson, judged.traits);
  };

  return {
    waiting: () => lessons.length + changes.length,
    write: () => {
      const batch = lessons.slice(0, MOST_ROWS);
      const saved = packer.save();
      put(batch.flatMap(({ request, tenant, at, body, traits, named }) => [request, tenant, at, body, traits, named]));
      const noted = changes.slice(0, MOST_ROWS);
      for (const { at, task, model, before: from, after, why } of noted) note.run(at, task, model, from, after, why);
      return () => {
        saved();
        lessons.splice(0, batch.length);
        changes.splice(0, noted.length);
      };
    },
    port: (writer) => ({
      keep: (lesson) => {
        if (lessons.length >= QUEUE_ROWS) lessons.shift();
        const { request, tenant, at, traits, ...rest } = lesson;
        const named = rest.named === true && traits !== null ? rest.task : null;
        lessons.push({ request, tenant, at, body: packer.pack(rest), traits: bytesOf(traits), named });
        writer.soon(false);
      },
      lesson: (request, tenant) => {
        const found = find(request);
        return found !== null && (tenant === null || found.tenant === tenant) ? found : null;
      },
      judge: (feedback, lesson) =>
        db.transaction(() => {
          const replaced = old.first(feedback.request);
          if (replaced !== null) drop.run(feedback.request);
          judge.run(
            feedback.request,
            feedback.tenant,
            feedback.at,
            JSON.stringify(feedback),
            bodyOf(lesson),
            bytesOf(lesson.traits),
          );
          return replaced && (JSON.parse(replaced.verdict) as Feedback);
        }),
      verdict: (request) => {
        const known = old.first(request);
        return known && (JSON.parse(known.verdict) as Feedback);
      },
      taught: (after, limit) => since.all(after, limit).map(taughtOf),
      taughtNext: (after, limit) => next.all(after, limit).map(taughtOf),
      feedback: (limit, cursor, tenant) =>
        before.all(cursor ?? Number.MAX_SAFE_INTEGER, tenant, tenant, limit).map(taughtOf),
      changed: (more) => {
        changes.push(...more);
        writer.soon(false);
      },
      history: ({ task = null, model = null }, limit, cursor) => {
        if (changes.length > 0) writer.attempt();
        return past.all(cursor ?? Number.MAX_SAFE_INTEGER, task, task, model, model, limit);
      },
      named: (after, limit) => namedSince.all(after, limit).flatMap(namedOf),
      recent: (limit) => latest.all(limit).map((row) => stored(row, null)),
      forget: (at) => void forget.run(firstKept.first(at)?.seq ?? 0),
      flush: () => writer.now(),
    }),
  };
}

const bodyOf = (lesson: Lesson): string => JSON.stringify({ ...lesson, traits: undefined });
const lessonOf = (body: string, traits: Uint8Array | null): Lesson => ({
  ...(JSON.parse(body) as Omit<Lesson, 'traits'>),
  traits: traits === null ? null : traitsOf(traits),
});
const taughtOf = ({ seq, verdict, lesson, traits }: VerdictRow): Taught => ({
  seq,
  feedback: JSON.parse(verdict) as Feedback,
  lesson: lessonOf(lesson, traits),
});

const namedOf = ({ seq, tenant, named, traits }: NamedRow): readonly Named[] => {
  const read = traitsOf(traits);
  return read === null ? [] : [{ seq, tenant, task: named, slots: read.slots }];
};

/** Measures, then weights, then slots. */
export function bytesOf(traits: Traits | null): Uint8Array | null {
  if (traits === null) return null;
  const { measures, weights, slots } = traits;
  const { buffer } = measures;
  const length = measures.byteLength + weights.byteLength + slots.byteLength;
  // As the router makes them, and as they are read: they lie together already.
  if (weights.buffer === buffer && slots.buffer === buffer && buffer.byteLength === length)
    return new Uint8Array(buffer);
  const bytes = new Uint8Array(measures.byteLength + weights.byteLength + slots.byteLength);
  bytes.set(new Uint8Array(measures.buffer, measures.byteOffset, measures.byteLength));
  bytes.set(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength), measures.byteLength);
  bytes.set(new Uint8Array(slots.buffer, slots.byteOffset, slots.byteLength), measures.byteLength + weights.byteLength);
  return bytes;
}

export function traitsOf(bytes: Uint8Array): Traits | null {
  const whole = new Uint8Array(bytes).buffer;
  const count = (whole.byteLength - TRAIT_MEASURES * 4) / 6;
  if (!Number.isInteger(count) || count < 0) return null;
  return {
    measures: new Float32Array(whole, 0, TRAIT_MEASURES),
    weights: new Float32Array(whole, TRAIT_MEASURES * 4, count),
    slots: new Uint16Array(whole, TRAIT_MEASURES * 4 + count * 4, count),
  };
}
