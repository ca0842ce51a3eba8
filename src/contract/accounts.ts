// Who may do what, and for how much: keys, teams, budgets, callers; and what is kept beside them.
import type { StrategyChoice } from './catalog.ts';
import type { Nano } from './money.ts';
import type { Page, Principal } from './ports.ts';

/** `shadow`: what experiments spend beside served traffic, apart from everybody else's money. */
export type ScopeKind = 'global' | 'team' | 'key' | 'user' | 'tag' | 'shadow';
/** Those that budgets can be set for. */
export const SCOPES = ['global', 'team', 'key', 'user', 'tag'] as const satisfies readonly ScopeKind[];

export type BudgetPeriod = 'hour' | 'day' | 'week' | 'month' | 'total';
export const BUDGET_PERIODS = ['hour', 'day', 'week', 'month', 'total'] as const satisfies readonly BudgetPeriod[];

export type OnExceed = 'reject' | 'downgrade' | 'warn';
export const ON_EXCEED = ['reject', 'downgrade', 'warn'] as const satisfies readonly OnExceed[];

/** What a key or a team may do. An empty list allows everything; patterns know `*` and `?`. */
export interface Grants {
  readonly models: readonly string[];
  readonly tiers: readonly string[];
  readonly strategies: readonly string[];
  /** Paths such as `/v1/chat/completions`, or patterns of them. */
  readonly endpoints: readonly string[];
  /** Addresses or CIDR blocks, v4 or v6. */
  readonly networks: readonly string[];
}

/** null: no limit. */
export interface RateLimits {
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly parallel: number | null;
}

export interface VirtualKey {
  /** `key_…`; names it in budgets, the ledger and the audit; never the secret. */
  readonly id: string;
  readonly name: string;
  readonly team: string | null;
  /** Counts as the user of requests that name none. */
  readonly user: string | null;
  /** Added to the tags of every request. */
  readonly tags: readonly string[];
  readonly grants: Grants;
  readonly limits: RateLimits;
  readonly tier: string | null;
  readonly strategy: StrategyChoice | null;
  readonly disabled: boolean;
  /** Its prompts and answers go into the log; absent: not. */
  readonly logContent?: boolean;
  /** Milliseconds since the epoch; null: never. */
  readonly expiresAt: number | null;
  readonly createdAt: number;
  readonly createdBy: string;
  /** As it was when the key was loaded; `Keyring.lastUses` is newer. */
  readonly lastUsedAt: number | null;
  /** For display: `sk-quorum-Ab3f…9xKq`. */
  readonly display: string;
}

/** The hash of a secret that opens a key. After a rotation there are two until the older one's `until`. */
export interface KeySecret {
  readonly keyId: string;
  /** SHA-256 of the whole key, hex. */
  readonly hash: string;
  readonly until: number | null;
}

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly grants: Grants;
  readonly limits: RateLimits;
  readonly disabled: boolean;
  readonly createdAt: number;
  readonly createdBy: string;
}

export interface Budget {
  readonly id: string;
  readonly scope: ScopeKind;
  /** Team, key id, user or tag. null: the global one, or each one of that kind for itself. */
  readonly subject: string | null;
  readonly period: BudgetPeriod;
  readonly limit: Nano;
  /** IANA name; its calendar cuts the periods. */
  readonly timeZone: string;
  /** Shares of the limit at which an alert goes out, 0-1. */
  readonly softAt: readonly number[];
  readonly onExceed: OnExceed;
  /** What happens to a model without a price: refused, or counted at the dearest known price. */
  readonly unpriced: 'refuse' | 'estimate';
  readonly source: 'config' | 'admin';
}

export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  /** `key.create`, `budget.update` … */
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Who did it, for the audit. */
export interface Act {
  readonly at: number;
  readonly actor: string;
}

/** All that is looked at on the hot path; small enough to hold in memory. */
export interface Registry {
  readonly version: number;
  readonly keys: readonly VirtualKey[];
  readonly secrets: readonly KeySecret[];
  readonly teams: readonly Team[];
  /** Those made through the administration; the config's are not stored. */
  readonly budgets: readonly Budget[];
}

/** Every change is in the audit, in the same transaction, and raises `version`. */
export interface RegistryStore {
  /** Cheap enough to ask several times a second; rises with every change by any process. */
  version(): number;
  load(): Registry;
  saveKey(key: VirtualKey, secrets: readonly KeySecret[], act: Act & { readonly action: string }): void;
  saveTeam(team: Team, act: Act & { readonly action: string }): void;
  saveBudget(budget: Budget, act: Act & { readonly action: string }): void;
  deleteBudget(id: string, act: Act): void;
  /** Not in the audit, raises no version. */
  touch(uses: readonly { readonly keyId: string; readonly at: number }[]): void;
  /** By key id, as touched by any process. */
  lastUses(): ReadonlyMap<string, number>;
  audit(limit: number, cursor: string | null, subject?: string): Page<AuditEntry>;
}

/** A caller whose key was checked. */
export interface Caller extends Principal {
  readonly key: VirtualKey | null;
  readonly team: string | null;
  readonly user: string | null;
  readonly tags: readonly string[];
}

/** Whose money it is. */
export interface Spender {
  readonly tenant: string;
  readonly keyId: string | null;
  readonly team: string | null;
  readonly user: string | null;
  readonly tags: readonly string[];
  /** The experiment that runs beside; no other budget than its own counts it. Absent: a client's request. */
  readonly shadow?: string;
}

/** An answer kept for a repeated request. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type IdempotencyClaim =
  | { readonly kind: 'mine' }
  | { readonly kind: 'done'; readonly answer: KeptAnswer }
  | { readonly kind: 'running' }
  | { readonly kind: 'conflict' };

/** Which requests were already done. Entries last 24 h. */
export interface IdempotencyStore {
  /** `runningHere`: this process is at work on it; an older claim of its own that isn't is void. */
  claim(tenant: string, key: string, fingerprint: string, at: number, runningHere: boolean): IdempotencyClaim;
  /** Kept for the rest of the 24 h. */
  keep(tenant: string, key: string, answer: KeptAnswer): void;
  /** It failed: the next one may try again. */
  abandon(tenant: string, key: string): void;
}
