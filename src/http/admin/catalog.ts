// /admin/v1/models and /providers: what is configured, and what of it can be used now.
import {
  QuorumError,
  withoutCredentials,
  type CurrentSettings,
  type Model,
  type Price,
  type Provider,
  type Settings,
} from '../../contract/index.ts';
import { idOf, pageOf, queryOf, route, type AdminRoute } from './answer.ts';
import { shown } from '../../pipeline/shown.ts';

export interface CatalogParts {
  readonly settings: CurrentSettings;
  /** Why a model can't be asked; nothing where it can. */
  readonly whyUnusable: (model: string) => string | null;
  /** Circuits, rate limits and slots, by model. */
  readonly health: () => {
    readonly models: readonly { readonly provider: string }[];
    readonly paces: readonly { readonly provider: string }[];
    readonly slots: readonly { readonly name: string }[];
  };
}

export function catalogRoutes({ settings, whyUnusable, health }: CatalogParts): readonly AdminRoute[] {
  const show = (model: Model) => modelShown(model, settings(), whyUnusable);
  return [
    route('get', '/models', (request) => {
      const { models, usable } = settings();
      const only = queryOf(request, 'usable');
      const rows = [...models.values()].filter(
        ({ name }) => only === undefined || usable.has(name) === (only === 'true'),
      );
      return pageOf(
        request,
        rows.map((model) => ({ id: model.name, model })),
        ({ model }) => show(model),
      );
    }),
    route('get', '/models/:id', (request) => {
      const model = settings().models.get(idOf(request));
      if (model === undefined) throw new QuorumError('not_found', `There is no model "${idOf(request)}".`);
      return show(model);
    }),
    route('get', '/providers', (request) => {
      const now = settings();
      const rows = [...now.providers.values()].map((provider) => ({ id: provider.name, provider }));
      const { models, paces, slots } = health();
      return pageOf(request, rows, ({ provider }) => ({
        ...(providerShown(provider, now) as object),
        health: shown(models.filter((model) => model.provider === provider.name)),
        limits: shown(paces.filter((pace) => pace.provider === provider.name)),
        slots: shown(slots.filter(({ name }) => name === `provider ${provider.name}`)),
      }));
    }),
  ];
}

function modelShown(model: Model, { usable, tiers, providers }: Settings, why: CatalogParts['whyUnusable']): unknown {
  const { name, provider, upstreamModel, price, context, maxOutput, quality, speed, strengths, family } = model;
  const canBeUsed = usable.has(name);
  const variable = providers.get(provider)?.keyMissing ? providers.get(provider)?.keyVariable : null;
  return {
    id: name,
    object: 'model',
    provider,
    upstream_model: upstreamModel,
    price: price === null ? null : priceShown(price),
    context,
    max_output: maxOutput,
    quality,
    speed,
    strengths,
    capabilities: [...model.capabilities],
    family,
    local: model.local,
    simulated: model.simulated,
    tiers: [...tiers.values()].filter(({ models }) => models.includes(name)).map((tier) => tier.name),
    usable: canBeUsed,
    reason: canBeUsed ? null : (why(name) ?? (variable ? `set ${variable}` : 'its provider is not there')),
  };
}

/** USD per million tokens; `request` is USD per request. */
const priceShown = (price: Price): unknown => ({
  input: price.inputPico / 1e6,
  cached_input: price.cachedInputPico / 1e6,
  cache_write: price.cacheWritePico / 1e6,
  output: price.outputPico / 1e6,
  reasoning: price.reasoningPico / 1e6,
  audio_input: price.audioInputPico / 1e6,
  audio_output: price.audioOutputPico / 1e6,
  image_input: price.imageInputPico / 1e6,
  image_output: price.imageOutputPico / 1e6,
  request: price.requestPico / 1e12,
});

function providerShown(provider: Provider, { models, usable }: Settings): unknown {
  const { name, type, baseUrl, apiKey, keyMissing, keyVariable, local, simulated, alsoServes, maxRetries } = provider;
  const own = [...models.values()].filter((model) => model.provider === name);
  const usableModels = own.filter((model) => usable.has(model.name)).map((model) => model.name);
  return {
    id: name,
    object: 'provider',
    type,
    base_url: withoutCredentials(baseUrl),
    key: keyMissing ? 'missing' : apiKey === null ? 'none' : 'set',
    key_variable: keyVariable,
    local,
    simulated,
    configured: !keyMissing,
    max_retries: maxRetries,
    also_serves: alsoServes,
    models: own.length,
    usable_models: usableModels,
  };
}
