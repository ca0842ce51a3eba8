// Who may come in: the admin key, and on loopback everybody as long as no virtual key exists.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { QuorumError, type Principal, type Secret } from '../contract/index.ts';

export interface Door {
  /** Throws `invalid_api_key` and its kin. */
  caller(request: IncomingMessage): Principal;
  admin(request: IncomingMessage): Principal;
}

const OPEN: Principal = { tenant: 'local', team: null, keyId: null, admin: false };
const ADMIN: Principal = { tenant: 'admin', team: null, keyId: null, admin: true };

export function createDoor(facts: { readonly adminKey: Secret | null; readonly loopback: boolean }): Door {
  const adminHash = facts.adminKey === null ? null : hash(facts.adminKey.reveal());
  const isAdmin = (presented: string | null): boolean =>
    adminHash !== null && presented !== null && timingSafeEqual(hash(presented), adminHash);
  return {
    caller(request) {
      if (facts.loopback) return isAdmin(presentedKey(request)) ? ADMIN : OPEN;
      if (isAdmin(presentedKey(request))) return ADMIN;
      throw unknownKey(presentedKey(request));
    },
    admin(request) {
      if (adminHash === null)
        throw new QuorumError(
          'permission_denied',
          'There is no admin key: set server.admin_key in the config or QUORUM_ADMIN_KEY.',
        );
      if (isAdmin(presentedKey(request))) return ADMIN;
      throw unknownKey(presentedKey(request));
    },
  };
}

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** `authorization: Bearer …`, or `x-api-key` as Anthropic's clients send it. */
export function presentedKey(request: IncomingMessage): string | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1] ?? null;
  const other = request.headers['x-api-key'];
  return typeof other === 'string' && other !== '' ? other : null;
}

const unknownKey = (presented: string | null): QuorumError =>
  presented === null
    ? new QuorumError('invalid_api_key', 'No API key was given: send it as "Authorization: Bearer …".')
    : new QuorumError('invalid_api_key', 'The API key is not known here.');
