// How things went over time: takes each finished request in, keeps hours in the store, and makes reports of them.
import {
  QuorumError,
  sleep,
  type Clock,
  type LearningStore,
  type PerformanceStore,
  type RequestLog,
  type RequestRecord,
} from '../contract/index.ts';
import { createReport, type Report, type ReportQuery, type Verdict } from './report.ts';
import { needsRecords, type ReportNames } from './report-groups.ts';
import { createTally, hourOf } from './tally.ts';

interface Performance {
  observe(record: RequestRecord): void;
  /** Hands everything to the store, at once. */
  flush(): void;
  stop(): void;
}

interface PerformanceOptions {
  readonly store: PerformanceStore;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

/** What a crash may lose of the reports; the records themselves are written within milliseconds. */
const KEEP_EVERY_MS = 5_000;
/** Written out in slices, so that no request waits for more than about a millisecond. */
const ROWS_AT_ONCE = 40;
const SLICE_EVERY_MS = 20;

export function createPerformance({ store, clock, onTrouble }: PerformanceOptions): Performance {
  const tally = createTally();
  let cancel = (): void => undefined;
  const keep = (): void => {
    let more = false;
    try {
      const rows = tally.take(ROWS_AT_ONCE);
      more = rows.length === ROWS_AT_ONCE;
      store.keep(rows);
    } catch (error) {
      onTrouble(error);
    }
    cancel = clock.after(more ? SLICE_EVERY_MS : KEEP_EVERY_MS, keep);
  };
  cancel = clock.after(KEEP_EVERY_MS, keep);
  const flush = (): void => store.keep(tally.take(Number.POSITIVE_INFINITY));
  return {
    observe: tally.observe,
    flush,
    stop: () => {
      cancel();
      flush();
    },
  };
}

interface ReportSources {
  readonly performance: PerformanceStore;
  readonly lessons: Pick<LearningStore, 'feedback'>;
  readonly requests: Pick<RequestLog, 'find' | 'list'>;
  readonly names: ReportNames;
  readonly clock: Clock;
}

/** Reads hour by hour and lets requests through in between. */
export async function makeReport(query: ReportQuery, sources: ReportSources): Promise<Report> {
  const { performance, clock } = sources;
  const report = createReport(query, sources.names);
  if (needsRecords(query.by)) await readRecords(query, sources, report.addRecord);
  else
    for (const hour of performance.hours(hourOf(query.since), hourOf(query.until - 1))) {
      report.add(performance.ofHour(hour));
      await sleep(clock, 0);
    }
  for await (const verdicts of verdictsOf(query, sources)) report.addVerdicts(verdicts);
  return report.done();
}

const RECORDS_AT_ONCE = 50;
/** About ten seconds of reading. */
const MOST_RECORDS = 500_000;

async function readRecords(
  { since, until }: ReportQuery,
  { requests, clock }: ReportSources,
  take: (record: RequestRecord) => void,
): Promise<void> {
  let cursor: string | null = null;
  let read = 0;
  do {
    const page = await requests.list({ since, until }, RECORDS_AT_ONCE, cursor);
    for (const record of page.rows) take(record);
    read += page.rows.length;
    if (read > MOST_RECORDS)
      throw new QuorumError(
        'invalid_value',
        `A report by user or tag reads the records themselves, at most ${MOST_RECORDS} of them: choose a shorter time.`,
        { param: 'since' },
      );
    cursor = page.cursor;
    await sleep(clock, 0);
  } while (cursor !== null);
}

const VERDICTS_AT_ONCE = 100;
const MOST_PAGES = 1_000;

async function* verdictsOf(
  { by, since }: ReportQuery,
  { lessons, requests, clock }: ReportSources,
): AsyncGenerator<readonly Verdict[]> {
  const needsRecord = by.includes('strategy') || by.includes('tier') || needsRecords(by);
  let before: number | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const rows = lessons.feedback(VERDICTS_AT_ONCE, before, null);
    yield await Promise.all(
      rows.map(async ({ feedback, lesson }): Promise<Verdict> => {
        const record = needsRecord ? await requests.find(feedback.request, null) : null;
        return {
          at: lesson.at,
          task: lesson.task,
          tenant: feedback.tenant,
          strategy: record?.strategy ?? null,
          tier: record?.decision?.tier ?? null,
          user: record?.user ?? null,
          tags: record?.tags ?? [],
          models: lesson.facts.voices.filter(({ camp }) => camp === 0).map(({ model }) => model),
          good: feedback.good,
        };
      }),
    );
    const last = rows.at(-1);
    // A verdict comes after its request, so older ones are about older requests.
    if (rows.length < VERDICTS_AT_ONCE || last === undefined || last.feedback.at < since) return;
    before = last.seq;
    await sleep(clock, 0);
  }
}
