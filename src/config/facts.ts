// Asks the local servers that the config and the catalog know of whether they are there, and what they have.
import type { Provider } from '../contract/index.ts';
import type { LoadedConfig } from './load.ts';
import type { Probe } from './probe.ts';
import type { Facts } from './resolve/index.ts';
import { resolveProviders } from './resolve/providers.ts';

const PROBE_MS = 300;

/** All at once, at most 300 ms. */
export async function askAround(loaded: LoadedConfig, probe: Probe, productionMode: boolean): Promise<Facts> {
  const answers = await Promise.all(
    localProviders(loaded).map(async (provider) => [provider.name, await probe(provider, PROBE_MS)] as const),
  );
  const installed = new Map(
    answers.flatMap(([name, answer]) => (answer.kind === 'answered' ? [[name, answer.models] as const] : [])),
  );
  return { reachable: new Set(installed.keys()), installed, productionMode };
}

/** Not the address that Quorum itself listens on. */
function localProviders(loaded: LoadedConfig): readonly Provider[] {
  const own = String(loaded.config.server.port);
  return [...resolveProviders(loaded).values()]
    .map(({ provider }) => provider)
    .filter(({ local, simulated, baseUrl }) => local && !simulated && new URL(baseUrl).port !== own);
}
