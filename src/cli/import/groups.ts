// LiteLLM's model groups as Quorum's models, tiers and aliases: a group of one is a model, any other a tier with its fallbacks behind.
import { STRATEGIES } from '../../contract/index.ts';
import type { Catalog } from '../../config/catalog.ts';
import type { Deployment } from './deployments.ts';
import { knownModel } from './model-rows.ts';
import type { Cursor } from './leaves.ts';
import type { Row } from './providers.ts';

export interface Groups {
  readonly models: ReadonlyMap<string, { readonly row: Row; readonly origin: string }>;
  readonly tiers: ReadonlyMap<string, readonly string[]>;
  readonly aliases: ReadonlyMap<string, string>;
}

/** Group → groups that stand in for it, in order. */
type Fallbacks = ReadonlyMap<string, readonly string[]>;

export const IMPORTED = 'imported';

const BEST = 8;
const WORST = 3;
/** Between deployments of one group that come one after the other. */
const STEP = 0.1;

export function arrange(
  deployments: readonly Deployment[],
  fallbacks: Fallbacks,
  catalog: Catalog,
  note: (text: string) => void,
): Groups {
  const groups = new Map<string, readonly Deployment[]>();
  for (const one of deployments) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const models = new Map<string, { readonly row: Row; readonly origin: string }>();
  const aliases = new Map<string, string>();
  const members = new Map<string, readonly string[]>();
  const levels = levelsOf(fallbacks, note);
  const aliased = (group: string, target: string): void => {
    if (group !== 'auto' && !group.startsWith('quorum/')) aliases.set(group, target);
    else note(`${group} is a name of Quorum’s own: what it stood for is called ${target} now.`);
  };
  const nameFor = (group: string): string => {
    const wanted = group.replace(/^(?:quorum\/|(?=auto$))/, 'imported-');
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}-${count}`;
      const taken =
        models.has(name) || (groups.has(name) && name !== group) || Object.hasOwn(catalog.rows.models, name);
      if (!taken) return name;
    }
  };
  for (const [group, list] of groups) {
    const inOrder = list.toSorted((a, b) => (a.order ?? Infinity) - (b.order ?? Infinity) || 0);
    const level = levels.get(group);
    const ordered = level !== undefined || list.some(({ order }) => order !== null);
    const names = inOrder.map((deployment, place) => {
      const one = list.length === 1;
      const same = knownModel(catalog, deployment.provider, deployment.upstream)?.name === group;
      const name = one ? (same && !models.has(group) ? group : nameFor(group)) : nameFor(`${group}-${place + 1}`);
      const quality = ordered ? { quality: Math.max(WORST, BEST - (level ?? 0) - STEP * place) } : {};
      const upstream = name === deployment.upstream ? {} : { upstream_model: deployment.upstream };
      models.set(name, {
        row: { provider: deployment.provider, ...upstream, ...deployment.row, ...quality },
        origin: deployment.origin,
      });
      return name;
    });
    members.set(group, names);
  }
  /** Whoever names a group of one asks for this model. */
  const limit = (group: string): void => {
    const [first, ...others] = groups.get(group)!;
    const name = members.get(group)![0]!;
    const { row, origin } = models.get(name)!;
    if (others.length === 0) models.set(name, { row: { ...row, ...first!.limits() }, origin });
  };
  const tiers = new Map<string, readonly string[]>();
  for (const [group, names] of members) {
    if (groups.get(group)!.every(({ chat }) => !chat)) {
      if (names.length > 1) note(`${group}: outside of chat only its first deployment is called.`);
      if (names[0] !== group) aliased(group, names[0]!);
      limit(group);
      continue;
    }
    const behind = (fallbacks.get(group) ?? []).flatMap((target) =>
      target === group ? [] : (members.get(target) ?? []),
    );
    const all = [...new Set([...names, ...behind])];
    if (all.length === 1) {
      if (all[0] !== group) aliased(group, all[0]!);
      limit(group);
      continue;
    }
    const tier = tierName(group, catalog);
    tiers.set(tier, all);
    aliased(group, `quorum/${tier}`);
  }
  const chat = [...groups].flatMap(([group, list]) => (list.some((one) => one.chat) ? members.get(group)! : []));
  if (chat.length > 0) tiers.set(IMPORTED, chat);
  return { models, tiers, aliases };
}

const OWN_NAMES: ReadonlySet<string> = new Set(['auto', IMPORTED, ...STRATEGIES]);

const tierName = (group: string, catalog: Catalog): string =>
  OWN_NAMES.has(group) || Object.hasOwn(catalog.rows.tiers, group) ? `group-${group}` : group;

/** How far behind a group stands: one more than whoever falls back on it. Empty without fallbacks. */
function levelsOf(fallbacks: Fallbacks, note: (text: string) => void): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  const visiting: string[] = [];
  const visit = (group: string, level: number): void => {
    if (visiting.includes(group)) {
      note(
        `${[...visiting.slice(visiting.indexOf(group)), group].join(' → ')} fall back on each other: of these Quorum asks the one that does better first, whichever is named.`,
      );
      return;
    }
    if ((levels.get(group) ?? -1) >= level) return;
    levels.set(group, level);
    visiting.push(group);
    for (const target of fallbacks.get(group) ?? []) if (target !== group) visit(target, level + 1);
    visiting.pop();
  };
  const targets = new Set([...fallbacks.values()].flat());
  const roots = [...fallbacks.keys()].filter((group) => !targets.has(group));
  for (const group of [...roots, ...fallbacks.keys()]) if (!levels.has(group)) visit(group, 0);
  return levels;
}

/** `fallbacks` of every kind that is carried over; targets that aren't there are left with a reason. */
export function readFallbacks(
  settings: readonly Cursor[],
  known: ReadonlySet<string>,
  chat: ReadonlySet<string>,
): Fallbacks {
  const found = new Map<string, readonly string[]>();
  const add = (group: string, targets: readonly string[]): void => {
    if (targets.length > 0) found.set(group, [...new Set([...(found.get(group) ?? []), ...targets])]);
  };
  const targetsIn = (list: Cursor): readonly string[] =>
    list.items().flatMap((each) => {
      const { value } = each;
      if (typeof value !== 'string' || !chat.has(value)) {
        each.leave('this group isn’t carried over, so nothing can fall back on it');
        return [];
      }
      each.take();
      return [value];
    });
  for (const each of settings)
    for (const field of ['fallbacks', 'context_window_fallbacks'])
      for (const item of each.at(field).items())
        for (const [group, list] of item.entries()) {
          if (group === '*') for (const one of chat) add(one, targetsIn(list));
          else if (chat.has(group)) add(group, targetsIn(list));
          else
            list.leave(
              known.has(group) ? 'its group isn’t carried over, or isn’t asked for chat' : 'there is no such group',
            );
        }
  for (const each of settings) {
    const targets = targetsIn(each.at('default_fallbacks'));
    for (const group of chat)
      if (!found.has(group))
        add(
          group,
          targets.filter((target) => target !== group),
        );
  }
  return found;
}
