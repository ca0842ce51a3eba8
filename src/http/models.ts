// GET /v1/models and /v1/models/{id}: every name a client may send.
import { QuorumError, type Settings } from '../contract/index.ts';
import { meaningOf, namesOf } from '../pipeline/names.ts';

/** OpenAI's clients want a number here; the names are as old as the program. */
const CREATED = 1_767_225_600;

interface ModelEntry {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly [more: string]: unknown;
}

export function listModels(settings: Settings): { object: 'list'; data: ModelEntry[] } {
  return { object: 'list', data: [...new Set(namesOf(settings))].map((name) => entryOf(name, settings)) };
}

/** Throws `model_not_found`. */
export function findModel(name: string, settings: Settings): ModelEntry {
  meaningOf(name, settings);
  return entryOf(name, settings);
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
