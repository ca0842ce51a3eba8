// Asks a server what models it has: `GET {base_url}/models`.
import { Pool } from 'undici';
import type { Provider } from '../contract/index.ts';

export type ProbeResult =
  | { readonly kind: 'answered'; readonly models: readonly string[]; readonly ms: number }
  /** It answered, but not with a list of models. `status` null: with something that isn't HTTP or JSON. */
  | { readonly kind: 'refused'; readonly status: number | null; readonly ms: number }
  | { readonly kind: 'silent'; readonly reason: string; readonly ms: number };

/** Never rejects. */
export type Probe = (provider: Provider, timeoutMs: number) => Promise<ProbeResult>;

const MOST_BYTES = 4_194_304;

export const probeProvider: Probe = async (provider, timeoutMs) => {
  const started = performance.now();
  const since = (): number => Math.round(performance.now() - started);
  const url = new URL(`${provider.baseUrl}/models`);
  const pool = new Pool(url.origin, { connections: 1, connect: { timeout: timeoutMs }, maxResponseSize: MOST_BYTES });
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const reply = await pool.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: headersOf(provider),
      signal,
    });
    const text = await reply.body.text();
    if (reply.statusCode !== 200) return { kind: 'refused', status: reply.statusCode, ms: since() };
    const models = modelNames(text);
    return models === null ? { kind: 'refused', status: null, ms: since() } : { kind: 'answered', models, ms: since() };
  } catch (failure) {
    return { kind: 'silent', reason: reasonOf(failure, timeoutMs), ms: since() };
  } finally {
    void pool.destroy();
  }
};

function headersOf(provider: Provider): Record<string, string> {
  const { apiKey, authHeader, authPrefix, headers } = provider;
  const key = apiKey === null ? {} : { [authHeader]: `${authPrefix}${apiKey.reveal()}` };
  return { accept: 'application/json', ...headers, ...key };
}

/** Ids of OpenAI's list; null when it isn't one, or when it is a Quorum's, which must not find itself. */
function modelNames(text: string): readonly string[] | null {
  try {
    const { data } = JSON.parse(text) as { readonly data?: unknown };
    if (!Array.isArray(data)) return null;
    const names = data.flatMap((row: { readonly id?: unknown } | null) =>
      typeof row?.id === 'string' ? [row.id] : [],
    );
    return names.includes('quorum/auto') ? null : names;
  } catch {
    return null;
  }
}

function reasonOf(failure: unknown, timeoutMs: number): string {
  const { code, name, message } = failure as Error & { readonly code?: string };
  if (name === 'TimeoutError' || name === 'AbortError' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return `no answer within ${timeoutMs} ms`;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'UND_ERR_INVALID_ARG') return 'its key or a header has characters that can’t be sent';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name can’t be resolved';
  return code ?? message;
}
