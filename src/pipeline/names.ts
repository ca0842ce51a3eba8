// Which models, strategy and tier a model name asks for.
import {
  nearest,
  QuorumError,
  STRATEGIES,
  type Model,
  type Settings,
  type StrategyName,
  type Wishes,
} from '../contract/index.ts';

const PREFIX = 'quorum/';

/** The wishes with those of the model name added; what headers and metadata ask for comes first. */
export function withName(name: string, asked: Wishes, settings: Settings): Wishes {
  const meant = meaningOf(name, settings);
  const wishes = asked.models === null ? asked : { ...asked, models: ownNames(asked.models, settings) };
  if (meant.kind === 'model') {
    // Whoever names a model gets that model alone, unless the request says otherwise in so many words.
    return isRouted(wishes) ? wishes : { ...wishes, strategy: 'single', models: [meant.model] };
  }
  if (meant.kind === 'auto') return wishes;
  return { ...wishes, strategy: wishes.strategy ?? meant.strategy, tier: wishes.tier ?? meant.tier };
}

const isRouted = ({ models, tier, strategy }: Wishes): boolean =>
  models !== null || tier !== null || (strategy !== null && strategy !== 'single');

/** The strategy and the tier of a caller's key count where neither the wishes nor the model's name say one. */
export function withKeys(
  { strategy, tier }: Pick<Wishes, 'strategy' | 'tier'>,
  name: string,
  asked: Wishes,
  settings: Settings,
): Wishes {
  if (strategy === null && tier === null) return asked;
  const meant = meaningIn(name, settings);
  if (meant?.kind === 'model' && !isRouted(asked)) return asked;
  const said = meant?.kind === 'policy' ? meant : null;
  return {
    ...asked,
    strategy: asked.strategy ?? (said?.strategy == null ? strategy : null),
    tier: asked.tier ?? (said?.tier == null ? tier : null),
  };
}

export type Meaning =
  | { readonly kind: 'auto' }
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'policy'; readonly strategy: StrategyName | null; readonly tier: string | null };

/** Throws `model_not_found`, naming the nearest. */
export function meaningOf(name: string, settings: Settings): Meaning {
  const target = unaliased(name, settings);
  if (target === 'auto' || target === 'quorum/auto') return { kind: 'auto' };
  if (target.startsWith(PREFIX)) {
    const rest = target.slice(PREFIX.length);
    const strategy = STRATEGIES.find((each) => each === rest);
    if (strategy !== undefined) return { kind: 'policy', strategy, tier: null };
    if (settings.tiers.has(rest)) return { kind: 'policy', strategy: null, tier: rest };
  }
  const model = modelOf(target, settings);
  if (model === null) throw unknown(name, settings);
  if (!settings.usable.has(model.name)) {
    const variable = settings.providers.get(model.provider)?.keyVariable;
    const what = variable ? `set ${variable}` : `its provider "${model.provider}" isn't reachable`;
    throw new QuorumError('model_not_found', `The model "${name}" is known but can't be called now: ${what}.`, {
      param: 'model',
    });
  }
  return { kind: 'model', model: model.name };
}

/** null: the name is nobody's. */
export function meaningIn(name: string, settings: Settings): Meaning | null {
  try {
    return meaningOf(name, settings);
  } catch {
    return null;
  }
}

/** The configured models that a request itself names, in the body or in its wishes; none where it leaves them to the router. */
export function namedModels(name: string, { models }: Wishes, settings: Settings): readonly Model[] {
  return [...new Set((models ?? [name]).flatMap((each) => modelOf(each, settings) ?? []))];
}

/** What it can't make out stays as it is, for whoever looks it up to refuse. */
const ownNames = (names: readonly string[], settings: Settings): readonly string[] => [
  ...new Set(names.map((name) => modelOf(name, settings)?.name ?? name)),
];

/** By its own name, by an alias, or as `provider/model`; null: it stands for none. */
function modelOf(name: string, settings: Settings): Model | null {
  const target = unaliased(name, settings);
  return settings.models.get(target) ?? (target.startsWith(PREFIX) ? null : qualified(target, settings));
}

/** An alias may stand for another; the config knows no circles. */
function unaliased(name: string, { aliases }: Settings): string {
  let target = name;
  for (let next = aliases.get(target); next !== undefined; next = aliases.get(target)) target = next;
  return target;
}

/** `provider/model`, as LiteLLM's users write it. */
function qualified(name: string, settings: Settings): Model | null {
  const slash = name.indexOf('/');
  if (slash < 0) return null;
  const provider = name.slice(0, slash);
  const model = name.slice(slash + 1);
  const named = settings.models.get(model);
  if (named?.provider === provider) return named;
  for (const each of settings.models.values())
    if (each.provider === provider && each.upstreamModel === model) return each;
  return null;
}

/** Every name a client may send: policies first, then models and aliases. */
export function namesOf(settings: Settings): readonly string[] {
  return [
    'auto',
    ...['auto', ...STRATEGIES, ...settings.tiers.keys()].map((each) => PREFIX + each),
    ...settings.usable,
    ...settings.aliases.keys(),
  ];
}

function unknown(name: string, settings: Settings): QuorumError {
  const names = namesOf(settings);
  // `provider/model` of a provider that isn't configured, or with a slip in the model.
  const bare = name.startsWith(PREFIX) ? name : name.slice(name.indexOf('/') + 1);
  const near = nearest(name, names) ?? nearest(bare, names);
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new QuorumError(
    'model_not_found',
    `The model "${shown}" does not exist.${near === null ? ' GET /v1/models lists what there is; "auto" routes for you.' : ` Did you mean "${near}"?`}`,
    { param: 'model' },
  );
}
