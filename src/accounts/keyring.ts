// Who is asking: keys looked up in memory, kept in step with the store within half a second.
import {
  QuorumError,
  type Caller,
  type Clock,
  type Registry,
  type RegistryStore,
  type Secret,
  type Team,
  type VirtualKey,
} from '../contract/index.ts';
import { permissionsOf, type Permissions } from './grants.ts';
import { hashKey, sameSecret, shapeOf } from './key-text.ts';

const POLL_MS = 400;
/** So many unknown keys a second are looked for in the store: enough for new ones, too few to keep it busy by guessing. */
const LOOKS_PER_SECOND = 50;
const TOUCH_MS = 30_000;

/** What a request shows of itself before its body is read. */
interface Presented {
  /** From `authorization: Bearer` or `x-api-key`; null: none. */
  readonly key: string | null;
  readonly at: number;
  readonly address: string;
  readonly endpoint: string;
  /** A page of another site that has a browser send it; null or absent: none. */
  readonly page?: string | null;
}

/** A caller, and what the key and the team allow it. */
export interface Visitor {
  readonly caller: Caller;
  readonly team: Team | null;
  readonly permissions: Permissions;
}

interface KeyringOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly adminKey: () => Secret | null;
  /** Nobody off this machine can reach the server: without any virtual key it is open. */
  readonly loopback: () => boolean;
  readonly onTrouble?: (error: unknown) => void;
  /** The registry changed, here or in another process. */
  readonly onChange?: (registry: Registry) => void;
}

export interface Keyring {
  /** Throws `invalid_api_key`, `key_expired`, `key_disabled` or `permission_denied`. */
  authenticate(presented: Presented): Visitor;
  /** For the administration. Throws `invalid_api_key`. */
  authenticateAdmin(key: string | null): Caller;
  isAdmin(key: string): boolean;
  registry(): Registry;
  /** When each key was used last, here or elsewhere (there up to half a minute late); asks the store. */
  lastUses(): ReadonlyMap<string, number>;
  /** No key is needed at the moment. */
  isOpen(): boolean;
  /** Looks at the store now, rather than at the next turn. */
  refresh(): void;
  stop(): void;
}

interface Known {
  readonly key: VirtualKey;
  readonly team: Team | null;
  readonly until: number | null;
  readonly permissions: Permissions;
}

/** Fails closed: what can't be loaded lets nobody in that it doesn't know already. */
export function createKeyring(options: KeyringOptions): Keyring {
  const { store, clock } = options;
  let registry = store.load();
  let known = index(registry);
  let uses = new Map<string, number>();
  let touchedAt = clock.now();

  const refresh = (): void => {
    if (store.version() === registry.version) return;
    registry = store.load();
    known = index(registry);
    options.onChange?.(registry);
  };
  const touch = (now: number): void => {
    if (uses.size === 0 || now - touchedAt < TOUCH_MS) return;
    store.touch([...uses].map(([keyId, at]) => ({ keyId, at })));
    uses = new Map();
    touchedAt = now;
  };
  let cancel = (): void => undefined;
  const poll = (): void => {
    try {
      refresh();
      touch(clock.now());
    } catch (error) {
      options.onTrouble?.(error);
    }
    cancel = clock.after(POLL_MS, poll);
  };
  cancel = clock.after(POLL_MS, poll);
  options.onChange?.(registry);

  let looks = { since: -Infinity, count: 0 };
  /** Another process may have made it since the last turn. Only what could be a key is looked for. */
  const lookFor = (key: string): Known | undefined => {
    if (shapeOf(key) !== 'whole') return undefined;
    const now = clock.now();
    if (now - looks.since >= 1_000) looks = { since: now, count: 0 };
    if ((looks.count += 1) > LOOKS_PER_SECOND) return undefined;
    try {
      refresh();
    } catch (error) {
      options.onTrouble?.(error);
    }
    return known.get(hashKey(key));
  };

  const isOpen = (): boolean => registry.keys.length === 0 && options.loopback();
  const isAdmin = (key: string): boolean => {
    const secret = options.adminKey()?.reveal() ?? '';
    return secret !== '' && sameSecret(key, secret);
  };

  return {
    authenticate: ({ key, at, address, endpoint, page = null }) => {
      if (key === null || key === '') {
        if (isOpen()) return nobodyFrom(page);
        throw invalid('No API key was given. Send it as "authorization: Bearer sk-quorum-…" or "x-api-key".');
      }
      const found = (known.size === 0 ? undefined : known.get(hashKey(key))) ?? lookFor(key);
      if (found === undefined) {
        if (isAdmin(key)) return ADMIN;
        if (isOpen()) return nobodyFrom(page);
        throw invalid(unknownKey(key));
      }
      check(found, at, address, endpoint);
      uses.set(found.key.id, at);
      return visitorOf(found);
    },
    authenticateAdmin: (key) => {
      if (key !== null && isAdmin(key)) return ADMIN.caller;
      throw invalid('The administration needs the admin key as "authorization: Bearer …".');
    },
    isAdmin,
    registry: () => registry,
    lastUses: () => new Map([...store.lastUses(), ...uses]),
    isOpen,
    refresh,
    stop: () => {
      cancel();
      touchedAt = -Infinity;
      try {
        touch(clock.now());
      } catch (error) {
        options.onTrouble?.(error);
      }
    },
  };
}

const NO_LIMITS = permissionsOf([]);
const ANYBODY: Caller = { tenant: 'local', keyId: null, key: null, team: null, user: null, tags: [], admin: false };
/** Whoever needs no key. */
export const NOBODY: Visitor = { caller: ANYBODY, team: null, permissions: NO_LIMITS };
/** A page that somebody looks at on this machine may be anybody's. */
function nobodyFrom(page: string | null): Visitor {
  if (page === null) return NOBODY;
  throw new QuorumError(
    'permission_denied',
    `Without keys any web page could spend money here, so a page of ${page} may not ask. Make a key (quorum keys create), and let your own server send it.`,
  );
}
const ADMIN: Visitor = {
  caller: { ...ANYBODY, tenant: 'admin', admin: true },
  team: null,
  permissions: NO_LIMITS,
};

function index({ keys, secrets, teams }: Registry): Map<string, Known> {
  const teamById = new Map(teams.map((team) => [team.id, team]));
  const byId = new Map(
    keys.map((key) => {
      const team = key.team === null ? null : (teamById.get(key.team) ?? null);
      return [
        key.id,
        { key, team, permissions: permissionsOf(team === null ? [key.grants] : [key.grants, team.grants]) },
      ];
    }),
  );
  return new Map(
    secrets.flatMap(({ hash, keyId, until }) => {
      const found = byId.get(keyId);
      return found === undefined ? [] : [[hash, { ...found, until }] as const];
    }),
  );
}

function check({ key, team, until, permissions }: Known, at: number, address: string, endpoint: string): void {
  if (until !== null && at >= until) throw invalid('This key was replaced by a newer one; its time is over.');
  if (key.disabled) throw new QuorumError('key_disabled', `The key ${key.display} is disabled.`);
  if (team?.disabled) throw new QuorumError('key_disabled', `The team "${team.name}" of this key is disabled.`);
  if (key.expiresAt !== null && at >= key.expiresAt)
    throw new QuorumError('key_expired', `The key ${key.display} expired at ${new Date(key.expiresAt).toISOString()}.`);
  if (!permissions.network(address))
    throw new QuorumError('permission_denied', `This key may not be used from ${address}.`);
  if (!permissions.endpoint(endpoint))
    throw new QuorumError('permission_denied', `This key may not be used for ${endpoint}.`);
}

function visitorOf({ key, team, permissions }: Known): Visitor {
  const caller: Caller = {
    tenant: key.id,
    keyId: key.id,
    key,
    team: key.team,
    user: key.user,
    tags: key.tags,
    admin: false,
  };
  return { caller, team, permissions };
}

function unknownKey(key: string): string {
  const shape = shapeOf(key);
  switch (shape) {
    case 'mistyped':
      return 'This key is mistyped or cut off: its check characters are wrong.';
    case 'whole':
      return 'This key is unknown: deleted, or made for another Quorum.';
    case 'foreign':
      return 'This is not a key of this Quorum; they begin with "sk-quorum-".';
    default:
      return shape satisfies never;
  }
}

const invalid = (message: string): QuorumError => new QuorumError('invalid_api_key', message);
