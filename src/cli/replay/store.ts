// The store whose records a replay reads, and since when.
import type { LiveConfig } from '../../config/index.ts';
import { parseDuration } from '../../contract/index.ts';
import { evidenceAt } from '../../learning/index.ts';
import { openStore, type SqliteStore } from '../../store/index.ts';
import { stillConfig } from '../still-config.ts';
import type { ReplayArguments } from '../replay.ts';

export async function withStore<Result>(
  { config: file, env, clock }: Pick<ReplayArguments, 'config' | 'env' | 'clock'>,
  work: (store: SqliteStore, config: LiveConfig) => Promise<Result>,
): Promise<Result> {
  const config = await stillConfig(file, env);
  const store = await openStore(config.parts().storageUrl, clock, { decay: evidenceAt });
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
}

export function momentOf(since: string, now: number): number {
  const back = parseDuration(since);
  const at = back === null ? Date.parse(since) : now - back;
  if (Number.isNaN(at))
    throw new Error(`--since ${since}: a duration such as 7d, or a day such as 2026-01-31, is expected.`);
  return at;
}
