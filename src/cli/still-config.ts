// The config as it stands, for verbs that only read: nothing is watched, nobody is asked over the network.
import { createLiveConfig, type LiveConfig } from '../config/index.ts';

export async function stillConfig(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LiveConfig> {
  const config = await createLiveConfig({
    file,
    env,
    overrides: {},
    watch: false,
    probeEveryMs: 0,
    probe: () => Promise.resolve({ kind: 'silent', reason: 'nobody is asked', ms: 0 }),
  });
  config.close();
  return config;
}
