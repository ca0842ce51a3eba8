// What the path learns from ended requests and verdicts, and what it gets back: expectations, forecasts, confidence.
import {
  QuorumError,
  type ConfidenceChange,
  type EvidenceStore,
  type EvidenceSum,
  type Feedback,
  type Forecast,
  type Insight,
  type LearningPath,
  type LearningStore,
  type Lesson,
  type Model,
  type Taught,
  type Traits,
} from '../contract/index.ts';
import { createCalibration, type Calibration } from './calibration.ts';
import { createDifficulty, type Label } from './difficulty.ts';
import type { Evidence, Outcome } from './evidence.ts';
import { createKinship } from './kinship.ts';
import { campOf, labelsOf } from './labels.ts';
import { createLength } from './length.ts';
import { sigmoid } from './logistic.ts';
import { createNamings } from './namings.ts';
import { createReliability, type Reliability } from './reliability.ts';
import { createRetries } from './retries.ts';
import { createStandings } from './standings.ts';
import { createStudy, REMEMBERED } from './study.ts';
import { createTakings } from './takings.ts';
import { campsRight, gainsOf, jointOf } from './together.ts';

interface LearnerParts {
  readonly evidence: Evidence;
  readonly sums: Pick<EvidenceStore, 'add'>;
  readonly store: LearningStore;
  readonly model: (name: string) => Model | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A confidence has changed by much. */
  readonly onChange: (change: ConfidenceChange) => void;
}

export interface FeedbackGiven {
  readonly request: string;
  readonly correct: boolean | null;
  /** 0-1. */
  readonly score: number | null;
  readonly correction: unknown;
  readonly kind: string | null;
  readonly comment: string | null;
}

export interface Learner extends LearningPath {
  /** Idempotent; again for the same request replaces the earlier one. Throws `not_found` for a request nobody knows any more. */
  judge(
    given: FeedbackGiven,
    tenant: string,
    anyTenant: boolean,
  ): { readonly feedback: Feedback; readonly replaced: Feedback | null };
  /** What is known of models together, whatever the prompt. */
  readonly forecast: Forecast;
  readonly calibration: Pick<Calibration, 'report' | 'tasks'>;
  readonly reliability: Pick<Reliability, 'report'>;
  /** Adds evidence from a file. */
  take(sums: readonly EvidenceSum[]): void;
  /** Sums that other processes have changed, as they are now. */
  hear(sums: readonly EvidenceSum[]): void;
  /** Verdicts that other processes wrote since, some at a time, and requests whose task was named, here or there; whether there may be more. */
  catchUp(): boolean;
  readonly bytes: number;
}

/** Lessons that tell what answers took lately. */
const RECENT = 2_000;
/** How long a lesson waits for its verdict. */
const LESSON_KEPT_MS = 30 * 86_400_000;
const TIDY_EVERY_MS = 3_600_000;
/** Verdicts studied before others have their turn: about 8 ms. */
const STUDIED_AT_ONCE = 64;
/** Verdicts before prompts are told apart within a task. */
const DIFFICULTY_FROM = 20;
/** No prompt makes a model certain. */
const [LOWEST, HIGHEST] = [0.02, 0.99];
/** What answers show by themselves is taken into account this much later at the most, a verdict at once. */
const LATE_MS = 250;
/** Old evidence fades by itself. */
const FADED_AFTER_MS = 60_000;

export function createLearner(parts: LearnerParts): Learner {
  const { evidence, sums, store, now } = parts;
  const calibration = createCalibration();
  const reliability = createReliability();
  const kinship = createKinship();
  const retries = createRetries();
  const takings = createTakings();
  const length = createLength();
  const namings = createNamings(store);
  const standings = createStandings(evidence, takings);
  let lastSeq = 0;
  let tidiedAt = 0;

  const modelOf = (name: string): Model =>
    parts.model(name) ?? ({ name, quality: 6, strengths: [] } as unknown as Model);
  const usual = (task: string, name: string): number => evidence.overall(modelOf(name), task, now());
  const difficulty = createDifficulty(usual);
  const study = createStudy({ calibration, reliability, difficulty });

  /** Names a state of what is expected; a new one only now and then, so that what was worked out from it can be used again. */
  const mark = { number: 0, at: Number.NEGATIVE_INFINITY, isOld: true };
  const markAt = (at: number): number => {
    const age = at - mark.at;
    if ((mark.isOld && age >= LATE_MS) || age >= FADED_AFTER_MS) {
      mark.number += 1;
      mark.at = at;
      mark.isOld = false;
    }
    return mark.number;
  };
  const markAnew = (): void => void Object.assign(mark, { at: Number.NEGATIVE_INFINITY, isOld: true });

  const observe = (outcome: Outcome): void => {
    mark.isOld = true;
    sums.add(evidence.observe(outcome, parts.model(outcome.model)));
    for (const { model, task } of evidence.setAside()) difficulty.drop(model, task);
    const changes = evidence.changes();
    if (changes.length === 0) return;
    store.changed(changes);
    for (const change of changes) parts.onChange(change);
  };

  const outcomesOf = (lesson: Lesson, feedback: Feedback): readonly Outcome[] =>
    labelsOf(lesson, feedback).map(({ model, good, weight }) => ({
      tenant: lesson.tenant,
      task: lesson.task,
      model,
      good,
      weight,
      at: lesson.at,
      ...expectedOf(lesson, model),
    }));

  const learn = ({ lesson, feedback, seq }: Taught): void => {
    study(lesson, feedback);
    lastSeq = seq;
  };
  const catchUp = (): boolean => {
    const taught = store.taughtNext(lastSeq, STUDIED_AT_ONCE);
    if (taught.length > 0) markAnew();
    taught.forEach(learn);
    namings.readOn();
    return taught.length === STUDIED_AT_ONCE;
  };
  for (const { task, taken = [], facts } of store.recent(RECENT).toReversed()) {
    for (const each of taken) takings.observe(task, each);
    if (facts.voices.length > 1) kinship.observe(facts, campsRight(facts));
  }
  for (const taught of store.taught(0, REMEMBERED)) {
    measure(taught.lesson);
    learn(taught);
  }
  namings.readOn();

  /** How long its answers were, for such a prompt. */
  function measure({ task, traits, taken = [] }: Lesson): void {
    if (traits === null) return;
    for (const { model, outputTokens } of taken) {
      const usual = takings.usual(task, model);
      if (usual !== null) length.observe(traits, outputTokens, usual.outputTokens);
    }
  }

  const signal = (lesson: Lesson, { model, kind }: Lesson['signals'][number]): void => {
    const { good, weight } = reliability.worth(kind);
    observe({
      tenant: lesson.tenant,
      task: lesson.task,
      model,
      good,
      weight,
      at: lesson.at,
      ...expectedOf(lesson, model),
    });
  };

  /**
   * Who agrees is as right as Bayes makes it, disputes included: to count consensus alone would count the easy prompts alone, and
   * whoever takes part in panels would seem better than who is asked alone.
   */
  const listen = (lesson: Lesson): void => {
    const failed = lesson.signals.filter(({ kind }) => kind === 'fails_checks');
    for (const each of failed) signal(lesson, each);
    const { voices } = lesson.facts;
    if (voices.length < 2) return;
    const right = campsRight(lesson.facts);
    kinship.observe(lesson.facts, right);
    const heard: Label[] = [];
    for (const { model, camp, quality } of voices) {
      if (failed.some((each) => each.model === model)) continue;
      const { weight } = reliability.worth(camp === 0 ? 'agrees' : 'differs');
      const { tenant, task, at } = lesson;
      const good = right[camp]!;
      observe({ tenant, task, model, good, weight, at, expected: quality });
      heard.push({ model, good, weight });
    }
    if (lesson.traits !== null)
      difficulty.teach({ key: `heard ${lesson.request}`, task: lesson.task, traits: lesson.traits, labels: heard });
  };

  return {
    insight: ({ hasTools: tools }, traits, tenant, at): Insight => {
      const state = markAt(at);
      const isByPrompt = difficulty.seen >= DIFFICULTY_FROM;
      let read: Traits | null = null;
      let factor = 1;
      return {
        mark: isByPrompt ? null : { state, tenant },
        namings: namings.of(tenant),
        quality(task, name) {
          const { usual, logit, own } = standings.of(state, at, { tenant, task, tools }, modelOf(name));
          if (!isByPrompt) return usual;
          if (read === null) factor = length.factor((read = traits()));
          const quality = within(sigmoid(logit + difficulty.shift(read, task, name)) + own);
          const { outputTokens } = usual;
          if (outputTokens === undefined) return { ...usual, quality };
          return { ...usual, quality, outputTokens: Math.ceil(outputTokens * factor) };
        },
        ...FORECAST,
      };
    },
    forecast: FORECAST,
    confidence: (facts) => calibration.confidence(facts),
    kinship: (task, first, second) => kinship.of(task, first, second),
    ended(lesson) {
      if (lesson.at - tidiedAt > TIDY_EVERY_MS) {
        tidiedAt = lesson.at;
        store.forget(lesson.at - LESSON_KEPT_MS);
      }
      store.keep(lesson);
      measure(lesson);
      for (const taken of lesson.taken ?? []) takings.observe(lesson.task, taken);
      mark.isOld = true;
      listen(lesson);
      const repeated = retries.repeats(lesson);
      if (repeated === null) return;
      for (const { model, camp } of repeated.facts.voices) if (camp === 0) signal(repeated, { model, kind: 'retried' });
    },
    judge(given, tenant, anyTenant) {
      markAnew();
      const lesson = store.lesson(given.request, anyTenant ? null : tenant);
      if (lesson === null || now() - lesson.at > LESSON_KEPT_MS)
        throw new QuorumError(
          'not_found',
          `There is no answer to "${given.request.slice(0, 80)}" of yours that can still be judged.`,
          { param: 'request_id' },
        );
      const { request, correction, kind, comment } = given;
      const feedback: Feedback = {
        request,
        tenant: lesson.tenant,
        at: now(),
        good: goodOf(given, lesson),
        correction: correction ?? null,
        kind,
        comment,
      };
      const { prompt: _, ...bare } = lesson;
      // What was asked is kept for good only where it makes a test.
      const replaced = store.judge(feedback, feedback.correction === null ? bare : lesson);
      if (replaced !== null && isSame(replaced, feedback)) return { feedback, replaced };
      if (replaced !== null) for (const outcome of outcomesOf(lesson, replaced)) sums.add([evidence.retract(outcome)]);
      retries.judged(lesson);
      catchUp();
      for (const outcome of outcomesOf(lesson, feedback)) observe(outcome);
      return { feedback, replaced };
    },
    calibration,
    reliability,
    take(more) {
      markAnew();
      evidence.add(more);
      sums.add(more);
    },
    hear(changed) {
      if (changed.length === 0) return;
      markAnew();
      evidence.replace(changed);
    },
    catchUp,
    get bytes() {
      return difficulty.bytes;
    },
  };
}

const FORECAST: Forecast = { panel: jointOf, gains: gainsOf };

const within = (quality: number): number => Math.min(HIGHEST, Math.max(LOWEST, quality));

const expectedOf = ({ facts }: Lesson, model: string): { readonly expected?: number } => {
  const quality = facts.voices.find((voice) => voice.model === model)?.quality;
  return quality === undefined ? {} : { expected: quality };
};

/** A plain verdict wins over a score; a correction alone says that the answer was wrong, unless it is what was answered. */
function goodOf({ correct, score, correction }: FeedbackGiven, { values }: Lesson): number {
  if (correct !== null) return correct ? 1 : 0;
  if (score !== null) return score;
  return campOf(correction, values) === 0 ? 1 : 0;
}

const isSame = (left: Feedback, right: Feedback): boolean =>
  left.good === right.good && JSON.stringify(left.correction) === JSON.stringify(right.correction);
