// Sends what others are told: to the configured address and nowhere else, a redirect isn't followed.
// By node's own client, not by `fetch`: with undici loaded that goes through the library that calls the models, with pools of another kind.
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

const TIMEOUT_MS = 10_000;

/** Resolves with the status; what else is answered isn't read. */
export function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Promise<number> {
  const open = url.startsWith('https:') ? overHttps : overHttp;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return new Promise((resolve, reject) => {
    const request = open(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': bytes.byteLength },
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}
