// `quorum healthcheck`: asks the server on this machine whether it is ready.
import { request } from 'undici';

export interface HealthcheckOptions {
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
}

const TIMEOUT_MS = 2_000;

/** 0 when ready, 1 when not. */
export async function runHealthcheck({ port, host, env, write }: HealthcheckOptions): Promise<number> {
  const url = `http://${host ?? '127.0.0.1'}:${port ?? env['QUORUM_PORT'] ?? '4000'}/readyz`;
  try {
    const { statusCode, body } = await request(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
    write(`${(await body.text()).trim()}\n`);
    return statusCode === 200 ? 0 : 1;
  } catch (error) {
    write(`${url} does not answer: ${(error as Error).message}\n`);
    return 1;
  }
}
