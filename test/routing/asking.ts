// Short ways to ask for a decision in the tests of routing.
import {
  NO_WISHES,
  type ChatRequest,
  type Decision,
  type Expected,
  type Random,
  type Settings,
  type Wishes,
} from '../../src/contract/index.ts';
import { compileTasks, decide, featuresOf, type Classifier, type QualityView } from '../../src/routing/index.ts';
import { testSettings } from '../support/settings.ts';

interface Asking {
  readonly prompt?: string;
  readonly request?: Partial<ChatRequest>;
  readonly wishes?: Partial<Wishes>;
  readonly settings?: Settings;
  /** By model; default: a tenth of the catalog's quality. */
  readonly quality?: Readonly<Record<string, number>>;
  /** Of every model, beside its quality. */
  readonly expects?: Omit<Expected, 'quality' | 'samples'>;
  readonly allowed?: (model: string) => boolean;
  readonly random?: Random;
}

export const user = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'auto',
  messages: [{ role: 'user', content }],
  ...more,
});

/** Compiling is the slow part, and tests of decisions share their tasks. */
const compiled = new WeakMap<Settings, Classifier>();
const DEFAULT = testSettings();

function classifierOf(settings: Settings): Classifier {
  const classifier = compiled.get(settings) ?? compileTasks(settings.tasks);
  compiled.set(settings, classifier);
  return classifier;
}

export function ask(asking: Asking = {}): Decision {
  const settings = asking.settings ?? DEFAULT;
  const quality: QualityView = (_, model) => ({
    quality: asking.quality?.[model] ?? settings.models.get(model)!.quality / 10,
    samples: 0,
    ...asking.expects,
  });
  return decide({
    features: featuresOf(user(asking.prompt ?? 'Who painted the ceiling of the Sistine chapel?', asking.request)),
    wishes: { ...NO_WISHES, ...asking.wishes },
    settings,
    classifier: classifierOf(settings),
    quality,
    allowed: asking.allowed ?? null,
    random: asking.random ?? (() => 0.999),
  });
}

export const excludedOf = (decision: Decision, model: string): string | null | undefined =>
  decision.prospects.find((prospect) => prospect.model === model)?.excluded;
