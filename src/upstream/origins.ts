// Where connections may go: to the providers of the config, whatever a request or an answer says.
import type { Settings } from '../contract/index.ts';

interface Origins {
  /** Of each config that comes in force. Those of earlier ones stay: requests that began under them may yet connect. */
  learn(settings: Settings): void;
  allows(origin: string): boolean;
}

export function createOrigins(): Origins {
  const known = new Set<string>();
  return {
    learn({ providers }) {
      for (const { baseUrl } of providers.values()) if (URL.canParse(baseUrl)) known.add(new URL(baseUrl).origin);
    },
    allows: (origin) => known.has(origin),
  };
}
