// Where the program listens that runs on this config, and whether it does.
import { request } from 'undici';

const KNOCK_MS = 1_000;
/** Who listens everywhere listens here too. */
const HERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export function urlOf(host: string, port: string): string {
  const address = HERE[host] ?? host;
  return `http://${address.includes(':') && !address.startsWith('[') ? `[${address}]` : address}:${port}`;
}

export async function answers(url: string): Promise<boolean> {
  try {
    const { statusCode, headers, body } = await request(`${url}/livez`, {
      headersTimeout: KNOCK_MS,
      bodyTimeout: KNOCK_MS,
    });
    await body.dump();
    // Others answer 200 to anything; every answer of Quorum's has an id of its own kind.
    return statusCode === 200 && String(headers['x-request-id']).startsWith('req_');
  } catch {
    return false;
  }
}
