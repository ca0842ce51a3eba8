// A running Quorum with an admin key, and the two who talk to it: the administrator and the holders of keys.
import {
  chat,
  scriptedConfig,
  send,
  startQuorum,
  type Body,
  type Fields,
  type Heard,
  type RunningQuorum,
  type ScriptedModels,
} from '../support/program.ts';
import { startUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';

export const ADMIN_KEY = 'admin-key-of-the-tests-0123456789';

interface BalanceShown {
  readonly limit_usd: number;
  readonly spent_usd: number;
  readonly held_usd: number;
  readonly left_usd: number;
}

/** What these tests look into; each body has some of it. */
interface Paper extends Body {
  readonly state: string;
  readonly disabled: boolean;
  readonly error: Body['error'] & { readonly details: Fields & { readonly resets_at: string } };
  readonly key: string;
  readonly secret: string;
  readonly display: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly cost_usd: number;
  readonly models: readonly string[];
  readonly balance: BalanceShown;
  readonly budgets: readonly { readonly id: string; readonly balance: BalanceShown }[];
  readonly month: Fields & { readonly spent_usd: number };
  readonly total: Fields;
  readonly has_more: boolean;
  readonly next_cursor: string | null;
  readonly data: readonly (Fields & {
    readonly id: string;
    readonly tenant: string;
    readonly action: string;
    readonly actor: string;
    readonly request_id: string | null;
    readonly amount_usd: number;
  })[];
}

export interface Told extends Heard {
  json(): Paper;
}

const told = (heard: Promise<Heard>): Promise<Told> => heard as Promise<Told>;

export const ask = (...asked: Parameters<typeof send>): Promise<Told> => told(send(...asked));

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Office {
  readonly upstream: ScriptedUpstream;
  readonly quorum: RunningQuorum;
  readonly url: string;
  /** Below `/admin/v1`, with the admin key. */
  admin(method: Method, path: string, body?: unknown): Promise<Told>;
  /** A new key: its secret and its id. */
  key(input?: object): Promise<{ readonly secret: string; readonly id: string }>;
  chat(secret: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Told>;
  /** What the ledger says of a request's calls, all told, in USD. */
  charged(requestId: string): Promise<number>;
  close(): Promise<void>;
}

export const bearer = (secret: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${secret}` });

export async function openOffice(models: ScriptedModels = {}): Promise<Office> {
  const upstream = await startUpstream();
  const more = { server: { admin_key: ADMIN_KEY }, ...models.more };
  const quorum = await startQuorum({ config: scriptedConfig(upstream, { ...models, more }) });
  const { url } = quorum;
  const admin: Office['admin'] = (method, path, body) =>
    ask(`${url}/admin/v1${path}`, { method, headers: bearer(ADMIN_KEY), ...(body !== undefined && { body }) });
  return {
    upstream,
    quorum,
    url,
    admin,
    async key(input = {}) {
      const made = await admin('POST', '/keys', input);
      if (made.status !== 201) throw new Error(made.text);
      const { id, secret } = made.json();
      return { id, secret };
    },
    chat: (secret, body = {}, headers = {}) => told(chat(url, body, { ...bearer(secret), ...headers })),
    async charged(requestId) {
      const { data } = (await admin('GET', '/ledger?limit=500')).json();
      const own = data.filter((entry) => entry.request_id === requestId);
      return own.reduce((sum, entry) => sum + Math.round(entry.amount_usd * 1e9), 0) / 1e9;
    },
    async close() {
      await quorum.stop();
      await upstream.close();
    },
  };
}
