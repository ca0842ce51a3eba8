// Lessons and verdicts in memory, for replays and tests.
import type { ConfidenceChange, Feedback, LearningStore, Lesson, Named, Taught } from '../contract/index.ts';

export function createMemoryLearningStore(): LearningStore {
  const lessons = new Map<string, Lesson>();
  const verdicts = new Map<string, Taught>();
  const named: Named[] = [];
  const changes: ConfidenceChange[] = [];
  let seq = 0;
  return {
    keep(lesson) {
      lessons.set(lesson.request, lesson);
      const { tenant, task, traits } = lesson;
      if (lesson.named === true && traits !== null) named.push({ seq: ++seq, tenant, task, slots: traits.slots });
    },
    lesson: (request, tenant) => {
      const found = lessons.get(request);
      return found !== undefined && (tenant === null || found.tenant === tenant) ? found : null;
    },
    judge(feedback, lesson) {
      const replaced: Feedback | null = verdicts.get(feedback.request)?.feedback ?? null;
      verdicts.delete(feedback.request);
      verdicts.set(feedback.request, { seq: ++seq, feedback, lesson });
      return replaced;
    },
    taught(after, limit) {
      const latest: Taught[] = [];
      for (const taught of [...verdicts.values()].toReversed()) {
        if (taught.seq <= after || latest.length === limit) break;
        latest.push(taught);
      }
      return latest.toReversed();
    },
    taughtNext: (after, limit) => [...verdicts.values()].filter(({ seq }) => seq > after).slice(0, limit),
    feedback: (limit, before, tenant) =>
      [...verdicts.values()]
        .toReversed()
        .filter(
          (taught) =>
            (before === null || taught.seq < before) && (tenant === null || taught.feedback.tenant === tenant),
        )
        .slice(0, limit),
    changed: (more) => void changes.push(...more),
    history: ({ task, model }, limit, before) =>
      changes
        .map((change, seq) => ({ ...change, seq }))
        .toReversed()
        .filter(
          ({ seq, ...change }) =>
            (before === null || seq < before) &&
            (task === undefined || change.task === task) &&
            (model === undefined || change.model === model),
        )
        .slice(0, limit),
    verdict: (request) => verdicts.get(request)?.feedback ?? null,
    named: (after, limit) => named.filter((each) => each.seq > after).slice(-limit),
    recent: (limit) => [...lessons.values()].slice(-limit).toReversed(),
    forget(before) {
      for (const [request, { at }] of lessons) if (at < before) lessons.delete(request);
    },
    flush: () => {},
  };
}
