// /admin/v1/cache: how much is kept and what it saved; and what is to be forgotten.
import { z } from 'zod';
import type { Cache, Invalidation } from '../../cache/index.ts';
import { QuorumError, usdOf } from '../../contract/index.ts';
import { route, type AdminRoute } from './answer.ts';
import { readInput, text } from './input.ts';

export interface CacheParts {
  readonly cache: Pick<Cache, 'stats' | 'invalidate'>;
}

export const which = z.strictObject({
  key: text().optional(),
  model: text().optional(),
  tag: text().optional(),
  tenant: text().optional(),
  all: z.literal(true, { error: 'true' }).optional(),
});

export function cacheRoutes({ cache }: CacheParts): readonly AdminRoute[] {
  return [
    route('get', '/cache', () => {
      const { saved, ...counts } = cache.stats();
      return { object: 'cache', ...counts, saved_usd: usdOf(saved) };
    }),
    route('post', '/cache/invalidate', async (request) => {
      const given = await readInput(request, which);
      const filter = Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== undefined),
      ) as Invalidation;
      if (Object.keys(filter).length === 0)
        throw new QuorumError('invalid_value', 'Say what to forget: key, model, tag, tenant, or "all": true.');
      return { object: 'cache', invalidated: cache.invalidate(filter) };
    }),
  ];
}
