// Who comes in, as the request shows itself.
import type { IncomingMessage } from 'node:http';
import type { Visitor } from '../accounts/index.ts';
import { QuorumError, type Caller } from '../contract/index.ts';

export interface Door {
  /** Throws `invalid_api_key` and its kin. */
  caller(request: IncomingMessage, at: number): Visitor;
  admin(request: IncomingMessage): Caller;
  /** Whoever may read the metrics. */
  metrics(request: IncomingMessage): void;
}

/** `authorization: Bearer …`, or `x-api-key` as Anthropic's clients send it. */
function presentedKey(request: IncomingMessage): string | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1] ?? null;
  const other = request.headers['x-api-key'];
  return typeof other === 'string' && other !== '' ? other : null;
}

const HERE = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
/** Programs that show pages of their own (`app://…`, `vscode-webview://…`) are no web sites. */
function isHere(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return !/^https?:$/.test(protocol) || HERE.test(hostname);
}

/** The page of somebody else that has a browser send this, as the browser tells; null: none. A name that was made to point here is somebody else's. */
function foreignPage({ headers }: Pick<IncomingMessage, 'headers'>): string | null {
  const { origin, host = '' } = headers;
  if (origin !== undefined) return isHere(origin) ? null : origin.slice(0, 100);
  const site = headers['sec-fetch-site'];
  if (site === undefined) return null;
  return site === 'cross-site' || !isHere(`http://${host}`) ? 'another site' : null;
}

interface DoorParts {
  authenticate(presented: {
    key: string | null;
    at: number;
    address: string;
    endpoint: string;
    page: string | null;
  }): Visitor;
  authenticateAdmin(key: string | null): Caller;
  mayScrape(key: string | null): boolean;
}

export function createDoor(keyring: DoorParts): Door {
  return {
    caller: (request, at) =>
      keyring.authenticate({
        key: presentedKey(request),
        at,
        address: request.socket.remoteAddress ?? '',
        endpoint: (request.url ?? '').split('?', 1)[0]!,
        page: foreignPage(request),
      }),
    admin: (request) => keyring.authenticateAdmin(presentedKey(request)),
    metrics: (request) => {
      if (!keyring.mayScrape(presentedKey(request)))
        throw new QuorumError(
          'invalid_api_key',
          'The metrics need server.metrics_key or the admin key as "authorization: Bearer …".',
        );
    },
  };
}
