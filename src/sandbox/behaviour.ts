// What a simulated model is like: how often it is right, how fast it is, and how it fails.

export const FAMILIES = [
  'arithmetic',
  'extraction',
  'labels',
  'choice',
  'code',
  'translation',
  'facts',
  'tools',
  'prose',
] as const;
/** A kind of task with an accuracy of its own. */
export type Family = (typeof FAMILIES)[number];

export interface Behaviour {
  /** Share of right answers, 0-1; of right fields in extraction, of right calls in tools. */
  readonly accuracy: Readonly<Record<Family, number>>;
  /** Model whose mistakes it shares: wrong on the same questions, in the same way. null: errs on its own. */
  readonly correlatedWith: string | null;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly voice: 'terse' | 'plain' | 'thorough';
  /** Share of requests answered with `errorStatus`. */
  readonly errorRate: number;
  readonly errorStatus: number;
  /** … that hang until the client leaves: before the first byte, or in the middle of a stream. */
  readonly stallRate: number;
  /** … whose connection breaks in the middle of the body. */
  readonly cutRate: number;
  /** … whose body isn't what the protocol says. */
  readonly malformedRate: number;
  /** … whose JSON or tool arguments don't parse, or miss a required field. */
  readonly invalidRate: number;
  readonly refusalRate: number;
  /** … cut short with `finish_reason: "length"`. */
  readonly truncateRate: number;
  /** … answered 429 with `retry-after`. */
  readonly rateLimitRate: number;
}

/** Like a partial behaviour; of `accuracy` too only the named families change. */
export type BehaviourOverride = Partial<Omit<Behaviour, 'accuracy'>> & {
  readonly accuracy?: Partial<Behaviour['accuracy']>;
};

const RATES = [
  'errorRate',
  'stallRate',
  'cutRate',
  'malformedRate',
  'invalidRate',
  'refusalRate',
  'truncateRate',
  'rateLimitRate',
] as const;

const RELIABLE = {
  correlatedWith: null,
  voice: 'plain',
  errorRate: 0,
  errorStatus: 500,
  stallRate: 0,
  cutRate: 0,
  malformedRate: 0,
  invalidRate: 0,
  refusalRate: 0,
  truncateRate: 0,
  rateLimitRate: 0,
} as const;

/** In the order of FAMILIES. */
function accuracy(...shares: readonly number[]): Behaviour['accuracy'] {
  return Object.fromEntries(FAMILIES.map((family, index) => [family, shares[index]!])) as Record<Family, number>;
}

export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'sandbox-swift': {
    ...RELIABLE,
    accuracy: accuracy(0.8, 0.85, 0.86, 0.74, 0.7, 0.8, 0.82, 0.84, 0.8),
    firstTokenMs: 10,
    tokensPerSecond: 900,
    voice: 'terse',
  },
  'sandbox-thrifty': {
    ...RELIABLE,
    accuracy: accuracy(0.76, 0.82, 0.84, 0.7, 0.66, 0.76, 0.78, 0.8, 0.76),
    correlatedWith: 'sandbox-swift',
    firstTokenMs: 20,
    tokensPerSecond: 700,
    voice: 'terse',
  },
  'sandbox-steady': {
    ...RELIABLE,
    accuracy: accuracy(0.9, 0.92, 0.91, 0.86, 0.86, 0.88, 0.9, 0.92, 0.9),
    firstTokenMs: 35,
    tokensPerSecond: 500,
  },
  'sandbox-scholar': {
    ...RELIABLE,
    accuracy: accuracy(0.93, 0.93, 0.93, 0.94, 0.88, 0.92, 0.97, 0.93, 0.94),
    firstTokenMs: 60,
    tokensPerSecond: 350,
    voice: 'thorough',
  },
  'sandbox-coder': {
    ...RELIABLE,
    accuracy: accuracy(0.95, 0.9, 0.88, 0.85, 0.97, 0.8, 0.84, 0.95, 0.84),
    firstTokenMs: 45,
    tokensPerSecond: 450,
  },
  'sandbox-polyglot': {
    ...RELIABLE,
    accuracy: accuracy(0.86, 0.91, 0.92, 0.87, 0.8, 0.97, 0.92, 0.9, 0.92),
    firstTokenMs: 40,
    tokensPerSecond: 450,
  },
  'sandbox-flaky': {
    ...RELIABLE,
    accuracy: accuracy(0.84, 0.86, 0.87, 0.8, 0.78, 0.84, 0.85, 0.86, 0.82),
    firstTokenMs: 30,
    tokensPerSecond: 600,
    errorRate: 0.08,
    errorStatus: 503,
    stallRate: 0.01,
    cutRate: 0.03,
    malformedRate: 0.02,
    invalidRate: 0.03,
    refusalRate: 0.02,
    truncateRate: 0.03,
    rateLimitRate: 0.04,
  },
  'sandbox-sage': {
    ...RELIABLE,
    accuracy: accuracy(0.98, 0.97, 0.96, 0.97, 0.97, 0.96, 0.98, 0.98, 0.97),
    firstTokenMs: 120,
    tokensPerSecond: 250,
    voice: 'thorough',
  },
};

export const SANDBOX_MODELS: readonly string[] = Object.keys(BEHAVIOURS);

function check(name: string, behaviour: Behaviour): void {
  const stranger = Object.keys(behaviour.accuracy).find((family) => !(FAMILIES as readonly string[]).includes(family));
  if (stranger !== undefined) {
    throw new RangeError(`${name}.accuracy has no family "${stranger}"; there are ${FAMILIES.join(', ')}.`);
  }
  const shares = [
    ...RATES.map((rate) => [rate, behaviour[rate]] as const),
    ...FAMILIES.map((family) => [`accuracy.${family}`, behaviour.accuracy[family]] as const),
  ];
  for (const [field, share] of shares) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`${name}.${field} must be between 0 and 1, not ${share}.`);
  }
  if (!(behaviour.firstTokenMs >= 0)) throw new RangeError(`${name}.firstTokenMs must not be negative.`);
  if (!(behaviour.tokensPerSecond > 0)) throw new RangeError(`${name}.tokensPerSecond must be above 0.`);
  const { errorStatus } = behaviour;
  if (!(Number.isInteger(errorStatus) && errorStatus >= 400 && errorStatus <= 599)) {
    throw new RangeError(`${name}.errorStatus must be 400 to 599, not ${errorStatus}.`);
  }
}

/** The models with what a configuration says otherwise; `*` speaks for all, a model's own name wins over it. Throws on unknown names and bad values. */
export function behavioursWith(
  overrides: Readonly<Record<string, BehaviourOverride>> = {},
): ReadonlyMap<string, Behaviour> {
  const stranger = Object.keys(overrides).find((name) => name !== '*' && !Object.hasOwn(BEHAVIOURS, name));
  if (stranger !== undefined) {
    throw new RangeError(`There is no sandbox model "${stranger}"; there are ${SANDBOX_MODELS.join(', ')}.`);
  }
  return new Map(
    SANDBOX_MODELS.map((name) => {
      const { accuracy: forAll, ...restForAll } = overrides['*'] ?? {};
      const { accuracy: own, ...restOwn } = overrides[name] ?? {};
      const preset = BEHAVIOURS[name]!;
      const behaviour = {
        ...preset,
        ...restForAll,
        ...restOwn,
        accuracy: { ...preset.accuracy, ...forAll, ...own },
      };
      check(name, behaviour);
      return [name, behaviour];
    }),
  );
}
