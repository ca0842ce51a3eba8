// A running sandbox for tests, with the official client and bare fetch on it.
import OpenAI from 'openai';
import { afterAll } from 'vitest';
import type { Clock } from '../../src/contract/index.ts';
import { FAMILIES, startSandbox, type Behaviour, type Sandbox, type SandboxOptions } from '../../src/sandbox/index.ts';

const everywhere = (share: number): Behaviour['accuracy'] =>
  Object.fromEntries(FAMILIES.map((family) => [family, share])) as Behaviour['accuracy'];
export const RIGHT = everywhere(1);
export const WRONG = everywhere(0);
/** None of the ways to fail. */
export const RELIABLE: Partial<Behaviour> = {
  errorRate: 0,
  stallRate: 0,
  cutRate: 0,
  malformedRate: 0,
  invalidRate: 0,
  refusalRate: 0,
  truncateRate: 0,
  rateLimitRate: 0,
};

export const realClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (afterMs, task) => {
    const timer = setTimeout(task, afterMs);
    return () => clearTimeout(timer);
  },
};

export interface Bench {
  readonly sandbox: Sandbox;
  readonly client: OpenAI;
  readonly post: (path: string, body: unknown, init?: RequestInit) => Promise<Response>;
  readonly chat: (
    model: string,
    content: string,
    more?: Readonly<Record<string, unknown>>,
  ) => Promise<OpenAI.ChatCompletion>;
  readonly say: (model: string, content: string, more?: Readonly<Record<string, unknown>>) => Promise<string>;
}

/** Closed after the file's tests. Without delays unless `speedup` says otherwise. */
export async function bench(options: Partial<SandboxOptions> = {}): Promise<Bench> {
  const sandbox = await startSandbox({ clock: realClock, seed: 7, speedup: Infinity, ...options });
  afterAll(() => sandbox.close());
  const client = new OpenAI({ baseURL: sandbox.url, apiKey: sandbox.apiKey, maxRetries: 0 });
  const headers = { authorization: `Bearer ${sandbox.apiKey}`, 'content-type': 'application/json' };
  const chat: Bench['chat'] = (model, content, more = {}) =>
    client.chat.completions.create({ ...more, model, messages: [{ role: 'user', content }], stream: false });
  return {
    sandbox,
    client,
    post: (path, body, init = {}) =>
      fetch(`${sandbox.url}${path}`, {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      }),
    chat,
    say: async (model, content, more) => (await chat(model, content, more)).choices[0]!.message.content ?? '',
  };
}
