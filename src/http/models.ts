// GET /v1/models and /v1/models/{id}: every name a client may send.
import { QuorumError, type Settings } from '../contract/index.ts';
import type { Permissions } from '../accounts/index.ts';
import { meaningOf, namesOf, type Meaning } from '../pipeline/names.ts';

/** OpenAI's clients want a number here; the names are as old as the program. */
const CREATED = 1_767_225_600;

interface ModelEntry {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly [more: string]: unknown;
}

/** Filtered to what the key may use. */
export function listModels(settings: Settings, permissions: Permissions): { object: 'list'; data: ModelEntry[] } {
  const names = [...new Set(namesOf(settings))].filter((name) => isOpen(name, settings, permissions));
  return { object: 'list', data: names.map((name) => entryOf(name, settings)) };
}

/** An alias for a model that can't be called now isn't listed. */
function isOpen(name: string, settings: Settings, permissions: Permissions): boolean {
  try {
    return mayUse(meaningOf(name, settings), permissions);
  } catch {
    return false;
  }
}

/** Throws `model_not_found`. */
export function findModel(name: string, settings: Settings, permissions: Permissions): ModelEntry {
  if (!mayUse(meaningOf(name, settings), permissions))
    throw new QuorumError('model_not_allowed', `This key may not use the model "${name}".`, { param: 'model' });
  return entryOf(name, settings);
}

function mayUse(meaning: Meaning, { model, tier, strategy }: Permissions): boolean {
  switch (meaning.kind) {
    case 'auto':
      return true;
    case 'model':
      return model(meaning.model);
    case 'policy':
      return (meaning.tier === null || tier(meaning.tier)) && (meaning.strategy === null || strategy(meaning.strategy));
    default:
      return meaning satisfies never;
  }
}

function entryOf(name: string, settings: Settings): ModelEntry {
  const meaning = meaningOf(name, settings);
  const model = meaning.kind === 'model' ? settings.models.get(meaning.model) : undefined;
  if (meaning.kind === 'model' && model === undefined)
    throw new QuorumError('model_not_found', `The model "${name}" does not exist.`, { param: 'model' });
  return {
    id: name,
    object: 'model',
    created: CREATED,
    owned_by: model?.provider ?? 'quorum',
    ...(model && {
      context_length: model.context,
      max_output: model.maxOutput,
      capabilities: [...model.capabilities],
      local: model.local,
    }),
    ...(model?.simulated && { simulated: true }),
  };
}
