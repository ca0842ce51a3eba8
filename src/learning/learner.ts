// What the path learns from ended requests and verdicts, and what it gets back: expectations, forecasts, confidence.
import type {
  ConfidenceChange,
  EvidenceStore,
  EvidenceSum,
  Feedback,
  Forecast,
  LearningPath,
  LearningStore,
  Lesson,
  Model,
  Taught,
} from '../contract/index.ts';
import { createCalibration, type Calibration } from './calibration.ts';
import { createDifficulty } from './difficulty.ts';
import type { Evidence, Outcome } from './evidence.ts';
import { createExpectations, FORECAST } from './expectations.ts';
import { createHearing } from './hearing.ts';
import { createKinship } from './kinship.ts';
import { outcomesOf } from './labels.ts';
import { createLength } from './length.ts';
import { createNamings } from './namings.ts';
import { unknownModel, type Rated } from './prior.ts';
import { createReliability, type Reliability } from './reliability.ts';
import { createRetries } from './retries.ts';
import { createStandings } from './standings.ts';
import { createStudy, REMEMBERED } from './study.ts';
import { createTakings } from './takings.ts';
import { campsRight } from './together.ts';
import { keepVerdict, LESSON_KEPT_MS, type FeedbackGiven } from './verdict.ts';

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
const TIDY_EVERY_MS = 3_600_000;
/** Verdicts studied before others have their turn: about 8 ms. */
const STUDIED_AT_ONCE = 64;

export function createLearner(parts: LearnerParts): Learner {
  const { evidence, sums, store, now } = parts;
  const calibration = createCalibration();
  const reliability = createReliability();
  const kinship = createKinship();
  const retries = createRetries();
  const takings = createTakings();
  const length = createLength();
  const namings = createNamings(store);
  const modelOf = (name: string): Rated => parts.model(name) ?? unknownModel(name);
  const difficulty = createDifficulty((task, name) => evidence.overall(modelOf(name), task, now()));
  const study = createStudy({ calibration, reliability, difficulty });
  const standings = createStandings(evidence, takings);
  const expectations = createExpectations({ standings, difficulty, length, namings, model: modelOf });
  const hear = createHearing({ reliability, kinship, difficulty, retries, observe });
  let lastSeq = 0;
  let tidiedAt = 0;

  function observe(outcome: Outcome): void {
    expectations.countSoon();
    sums.add(evidence.observe(outcome, parts.model(outcome.model)));
    for (const { model, task } of evidence.setAside()) difficulty.drop(model, task);
    const changes = evidence.changes();
    if (changes.length === 0) return;
    store.changed(changes);
    for (const change of changes) parts.onChange(change);
  }

  /** How long answers were, for such a prompt. */
  function measure({ task, traits, taken = [] }: Lesson): void {
    if (traits === null) return;
    for (const { model, outputTokens } of taken) {
      const usual = takings.usual(task, model);
      if (usual !== null) length.observe(traits, outputTokens, usual.outputTokens);
    }
  }

  function learn({ lesson, feedback, seq }: Taught): void {
    study(lesson, feedback);
    lastSeq = seq;
  }

  function catchUp(): boolean {
    const taught = store.taughtNext(lastSeq, STUDIED_AT_ONCE);
    if (taught.length > 0) expectations.countNow();
    taught.forEach(learn);
    namings.readOn();
    return taught.length === STUDIED_AT_ONCE;
  }

  function remember(): void {
    for (const { task, taken = [], facts } of store.recent(RECENT).toReversed()) {
      for (const each of taken) takings.observe(task, each);
      if (facts.voices.length > 1) kinship.observe(facts, campsRight(facts));
    }
    for (const taught of store.taught(0, REMEMBERED)) {
      measure(taught.lesson);
      learn(taught);
    }
    namings.readOn();
  }
  remember();

  return {
    insight: expectations.insight,
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
      expectations.countSoon();
      hear(lesson);
    },
    judge(given, tenant, anyTenant) {
      expectations.countNow();
      const { lesson, feedback, replaced, isKnown } = keepVerdict(store, given, anyTenant ? null : tenant, now());
      if (isKnown) return { feedback, replaced };
      if (replaced !== null) for (const outcome of outcomesOf(lesson, replaced)) sums.add([evidence.retract(outcome)]);
      retries.judged(lesson);
      catchUp();
      for (const outcome of outcomesOf(lesson, feedback)) observe(outcome);
      return { feedback, replaced };
    },
    calibration,
    reliability,
    take(more) {
      expectations.countNow();
      evidence.add(more);
      sums.add(more);
    },
    hear(changed) {
      if (changed.length === 0) return;
      expectations.countNow();
      evidence.replace(changed);
    },
    catchUp,
    get bytes() {
      return difficulty.bytes;
    },
  };
}
