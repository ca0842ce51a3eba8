// What of a finished answer is kept for those who ask the same.
import type { CacheEntry } from '../cache/index.ts';
import type { Sink } from '../contract/index.ts';
import { packPieces } from '../wire/index.ts';
import type { Trail } from './trail.ts';

/** The answer with what its headers say. */
export function entryOf(trail: Trail, form: CacheEntry['form'], bytes: Uint8Array): CacheEntry {
  const { inbound } = trail;
  return {
    form,
    bytes,
    origin: inbound.id,
    models: trail.models,
    strategy: trail.strategy ?? 'single',
    task: trail.decision?.classification.task ?? '',
    tier: trail.decision?.tier ?? '',
    agreement: trail.agreement,
    confidence: trail.confidence,
    facts: trail.facts,
    flags: [...trail.flags],
    storedAt: inbound.receivedAt + trail.elapsed(),
    tags: inbound.spender.tags,
    tenant: inbound.principal.tenant,
    costSaved: trail.cost,
  };
}

/** Of one stream; a longer one isn't kept. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;

/** Passes bytes on and holds on to them; null when nobody will want them, or there are too many. */
export function tee(sink: Sink, wanted: boolean): { readonly sink: Sink; bytes(): Uint8Array | null } {
  if (!wanted) return { sink, bytes: () => null };
  let parts: Uint8Array[] | null = [];
  let held = 0;
  let packed = 0;
  return {
    sink: {
      write(bytes) {
        held += bytes.length;
        if (held > MOST_KEPT_BYTES) parts = null;
        if (parts !== null) {
          parts.push(bytes);
          packed = packPieces(parts, packed);
        }
        return sink.write(bytes);
      },
      drained: () => sink.drained(),
    },
    bytes: () => parts && Buffer.concat(parts),
  };
}
