// What a key and its team allow: models, tiers, strategies and endpoints by pattern, source networks by block.
import { QuorumError, type Grants } from '../contract/index.ts';
import { networkCheck } from './network.ts';

export const NO_GRANTS: Grants = { models: [], tiers: [], strategies: [], endpoints: [], networks: [] };

/** Compiled once for each change of a key. */
export interface Permissions {
  model(name: string): boolean;
  tier(name: string): boolean;
  strategy(name: string): boolean;
  endpoint(path: string): boolean;
  network(address: string): boolean;
  /** No pattern restricts the models. */
  readonly anyModel: boolean;
}

/** All of these must allow. */
export function permissionsOf(grants: readonly Grants[]): Permissions {
  const all = (
    pick: (of: Grants) => readonly string[],
    check: (list: readonly string[]) => (text: string) => boolean,
  ) => {
    const checks = grants
      .map(pick)
      .filter((list) => list.length > 0)
      .map(check);
    return (text: string): boolean => checks.every((passes) => passes(text));
  };
  return {
    model: all((of) => of.models, patternCheck),
    tier: all((of) => of.tiers, patternCheck),
    strategy: all((of) => of.strategies, patternCheck),
    endpoint: all((of) => of.endpoints, patternCheck),
    network: all((of) => of.networks, networkCheck),
    anyModel: grants.every((of) => of.models.length === 0),
  };
}

/** Throws `model_not_allowed` for the first that isn't allowed. */
export function demand(
  permissions: Permissions,
  wish: { readonly model?: string; readonly tier?: string; readonly strategy?: string },
): void {
  const refuse = (what: string, name: string, param: string | null): never => {
    throw new QuorumError('model_not_allowed', `This key may not use the ${what} "${name}".`, { param });
  };
  if (wish.model !== undefined && !permissions.model(wish.model)) refuse('model', wish.model, 'model');
  if (wish.tier !== undefined && !permissions.tier(wish.tier)) refuse('tier', wish.tier, null);
  if (wish.strategy !== undefined && !permissions.strategy(wish.strategy)) refuse('strategy', wish.strategy, null);
}

/** `*` is any run of characters, `?` any one, case doesn't matter. No pattern can take more than linear steps a star. */
function patternCheck(patterns: readonly string[]): (text: string) => boolean {
  const lowered = patterns.map((pattern) => pattern.toLowerCase());
  return (text) => lowered.some((pattern) => matches(pattern, text.toLowerCase()));
}

function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let position = 0;
  while (position < text.length) {
    if (at < pattern.length && pattern[at] === '*') {
      star = at++;
      resume = position;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[position])) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
