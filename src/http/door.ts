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
export function presentedKey(request: IncomingMessage): string | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1] ?? null;
  const other = request.headers['x-api-key'];
  return typeof other === 'string' && other !== '' ? other : null;
}

export interface DoorParts {
  authenticate(presented: { key: string | null; at: number; address: string; endpoint: string }): Visitor;
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
