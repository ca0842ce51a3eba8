// The simulated models, where they are wanted, and the settings with the address that they have in this process.
import type { LiveConfig } from '../config/index.ts';
import { Secret, type Clock, type CurrentSettings, type Provider, type Settings } from '../contract/index.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Log } from '../telemetry/index.ts';

interface SandboxOptions {
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/** null: there are none. */
export async function openSandbox({ config, clock, log }: SandboxOptions): Promise<Sandbox | null> {
  const { enabled, seed, models } = config.parts().sandbox;
  if (enabled === false) return null;
  // Most installations have none.
  const { startSandbox } = await import('../sandbox/index.ts');
  const sandbox = await startSandbox({ clock, seed: numberOf(seed), overrides: Object.fromEntries(models) });
  config.onChange((_, parts) => {
    try {
      sandbox.change(Object.fromEntries(parts.sandbox.models));
    } catch (error) {
      log.warn('the simulated models stay as they were', { error });
    }
  });
  return sandbox;
}

/** FNV-1a, so that any text can be a seed. */
const numberOf = (seed: string): number =>
  Array.from(seed).reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) >>> 0, 0x811c9dc5);

/** The settings with the address and key that the sandbox has in this process. */
export function withSandbox(config: LiveConfig, sandbox: Sandbox | null): CurrentSettings {
  if (sandbox === null) return config.current;
  const known = new WeakMap<Settings, Settings>();
  const apiKey = new Secret(sandbox.apiKey);
  const here = (provider: Provider): Provider =>
    provider.type === 'sandbox' ? { ...provider, baseUrl: sandbox.url, apiKey } : provider;
  return () => {
    const settings = config.current();
    let complete = known.get(settings);
    if (complete === undefined) {
      complete = {
        ...settings,
        providers: new Map([...settings.providers].map(([name, provider]) => [name, here(provider)])),
      };
      known.set(settings, complete);
    }
    return complete;
  };
}
