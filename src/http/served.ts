// Which provider serves a request that is passed through, and as which model it counts.
import { FREE_PRICE, nearest, QuorumError, type Model, type Provider, type Settings } from '../contract/index.ts';
import { meaningOf, namesOf } from '../pipeline/names.ts';

interface Served {
  readonly provider: Provider;
  readonly model: Model;
}

/** Throws `model_not_found`. */
export function servedBy(name: string, settings: Settings): Served {
  const also = [...settings.providers.values()].find(
    (each) => !each.keyMissing && each.alsoServes.some((pattern) => matches(pattern, name)),
  );
  const [like] = settings.models.values();
  if (!settings.models.has(name) && !settings.aliases.has(name) && also !== undefined && like !== undefined)
    return { provider: also, model: unlisted(name, also, like) };
  const meaning = meaningOf(name, settings);
  if (meaning.kind !== 'model') {
    const near = nearest(name, namesOf(settings));
    throw new QuorumError(
      'model_not_found',
      `"${name}" routes chat requests only; name a model here${near === null || near === name ? '' : `, such as "${near}"`}.`,
      { param: 'model' },
    );
  }
  const model = settings.models.get(meaning.model)!;
  return { provider: settings.providers.get(model.provider)!, model };
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

/** Throws `not_found`. */
export function defaultProvider(settings: Settings): Provider {
  const provider = settings.defaultProvider === null ? undefined : settings.providers.get(settings.defaultProvider);
  if (provider === undefined)
    throw new QuorumError(
      'not_found',
      'No provider is configured that could serve this. Set its API key, or name a model in the body.',
    );
  return provider;
}

/** A model that only its provider knows: without a price, unless nobody is paid for it. What concerns chat alone is any model's. */
function unlisted(name: string, { name: provider, local, simulated }: Provider, like: Model): Model {
  const price = local || simulated ? FREE_PRICE : null;
  return { ...like, name, provider, upstreamModel: name, price, context: 128_000, maxOutput: 16_384, local, simulated };
}
