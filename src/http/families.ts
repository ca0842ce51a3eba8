// The families of OpenAI's API besides chat: which there are, which ask a model, and which cost what no price of a model bounds.
import type { IncomingMessage } from 'node:http';
import type { Model } from '../contract/index.ts';

/** The families of OpenAI's API besides chat; anything else is an unknown route. */
const FAMILIES: ReadonlySet<string> = new Set([
  'completions',
  'embeddings',
  'moderations',
  'images',
  'audio',
  'files',
  'uploads',
  'batches',
  'fine_tuning',
  'responses',
  'conversations',
  'vector_stores',
  'assistants',
  'threads',
  'evals',
  'containers',
  'videos',
  'rerank',
]);
const PLAIN_PATH = /^\/v1(?:\/[A-Za-z0-9_~:@-][A-Za-z0-9._~:@-]*)+$/;

/** What only ever asks a model. */
const POST_ONLY =
  /^\/v1\/(?:completions|embeddings|moderations|rerank|images\/(?:generations|edits|variations)|audio\/(?:speech|transcriptions|translations))$/;

export const takesMethod = (path: string, method: string | undefined): boolean =>
  method === 'POST' || !POST_ONLY.test(path);

export const isKnown = (path: string, family: string): boolean => PLAIN_PATH.test(path) && FAMILIES.has(family);

/** What goes on at the provider long after the request, or costs by the hour or the gigabyte. */
const BOUNDLESS =
  /^\/v1\/(?:(?:batches|fine_tuning|evals|containers|vector_stores|videos)(?:\/.*)?|threads\/(?:[^/]+\/)?runs(?:\/.*)?)$/;

/** What is paid by the model, and would be the provider's own choice where none is named. */
export const MODEL_ASKED: ReadonlySet<string> = new Set([
  'completions',
  'embeddings',
  'images',
  'audio',
  'responses',
  'rerank',
]);

/** Costs that no price of a model bounds. A film at a price a request has one. */
export const costsBoundlessly = (path: string, model: Model | null): boolean =>
  !path.endsWith('/cancel') &&
  ((BOUNDLESS.test(path) && !(path === '/v1/videos' && model !== null && model.price !== null)) ||
    (model === null && MODEL_ASKED.has(path.split('/')[2]!)));

export const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0]!;
export const familyOf = (request: IncomingMessage): string => pathOf(request).split('/')[2] ?? '';

/** What keeps or describes data, but asks no model. */
export const MODEL_FREE: ReadonlySet<string> = new Set([
  'files',
  'uploads',
  'containers',
  'vector_stores',
  'conversations',
]);
