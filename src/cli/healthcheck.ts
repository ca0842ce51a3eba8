// `quorum healthcheck`: asks the server on this machine whether it is ready.
import { request } from 'undici';
import { ConfigError, loadConfig } from '../config/index.ts';
import { urlOf } from './running.ts';

interface HealthcheckOptions {
  readonly config?: string | undefined;
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
}

const TIMEOUT_MS = 2_000;
/** 0 when ready, 1 when not. */
export async function runHealthcheck(options: HealthcheckOptions): Promise<number> {
  const { host, port } = listening(options);
  const url = `${urlOf(host, port)}/readyz`;
  try {
    const { statusCode, body } = await request(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
    options.write(`${(await body.text()).trim()}\n`);
    return statusCode === 200 ? 0 : 1;
  } catch (error) {
    options.write(`${url} does not answer: ${(error as Error).message}\n`);
    return 1;
  }
}

/** As the server itself would find it. A config that has become bad since it started is no sign of illness. */
function listening({ config, port, host, env }: HealthcheckOptions): { readonly host: string; readonly port: string } {
  try {
    const { server } = loadConfig({ file: config, env, overrides: { host, port } }).config;
    return { host: server.host, port: String(server.port) };
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    return { host: host ?? (env['QUORUM_HOST'] || '127.0.0.1'), port: port ?? (env['QUORUM_PORT'] || '4000') };
  }
}
