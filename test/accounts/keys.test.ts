// Keys as their owners meet them: made, used, restricted, rotated, taken away.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyring, demand } from '../../src/accounts/index.ts';
import { mintKey, shapeOf } from '../../src/accounts/key-text.ts';
import type { VirtualKey } from '../../src/contract/index.ts';
import { ADMIN_KEY, openAccounts, seededBytes } from './accounts-support.ts';

const SOON_MS = 20_000;
const at = (address = '10.0.0.1', endpoint = '/v1/chat/completions') => ({ address, endpoint });

function using(accounts: ReturnType<typeof openAccounts>) {
  return (key: string | null, from = at()) => accounts.keyring.authenticate({ key, at: accounts.clock.now(), ...from });
}

describe('the text of a key', () => {
  it('tells a slip of the finger from an unknown key', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(45), fc.constantFrom('0', 'a', 'Z'), (seed, index, character) => {
        const key = mintKey(seededBytes(seed));
        expect(key).toMatch(/^sk-quorum-[0-9A-Za-z]{46}$/);
        expect(shapeOf(key)).toBe('whole');
        const place = 'sk-quorum-'.length + index;
        const wrong = key.slice(0, place) + character + key.slice(place + 1);
        if (wrong !== key) expect(shapeOf(wrong)).toBe('mistyped');
        expect(shapeOf(key.slice(0, -1))).toBe('mistyped');
      }),
    );
  });
});

describe('authentication', () => {
  it('knows a new key at once, and keeps nothing of its secret but a hash', () => {
    const accounts = openAccounts();
    const { key, secret } = accounts.administration.createKey({ name: 'ci', team: 'data', tags: ['batch'] }, 'ann');
    expect(using(accounts)(secret).caller).toMatchObject({
      tenant: key.id,
      keyId: key.id,
      team: 'data',
      tags: ['batch'],
      admin: false,
    });
    expect(key.display).toBe(`${secret.slice(0, 14)}…${secret.slice(-4)}`);
    const rows = ['keys', 'key_secrets', 'audit'].flatMap((table) =>
      accounts.db.prepare(`SELECT * FROM ${table}`).all(),
    );
    expect(JSON.stringify(rows)).not.toContain(secret.slice(10, 40));
  });

  it('knows a key that another process just made, and isn’t kept busy by guesses', () => {
    const accounts = openAccounts({ loopback: true });
    let looks = 0;
    const store = { ...accounts.registry, version: () => ((looks += 1), accounts.registry.version()) };
    const keyring = createKeyring({ store, clock: accounts.clock, adminKey: () => null, loopback: () => true });
    const ask = (key: string) => keyring.authenticate({ key, at: accounts.clock.now(), ...at() }).caller.keyId;
    const { key, secret } = accounts.administration.createKey({}, 'ann');
    expect(ask(secret)).toBe(key.id);
    const rotated = accounts.administration.rotateKey(key.id, 0, 'ann');
    expect(ask(rotated.secret)).toBe(key.id);
    expect(() => ask(secret)).toThrow(/unknown/);
    looks = 0;
    for (let guess = 0; guess < 500; guess += 1) {
      expect(() => ask(mintKey(seededBytes(`guess ${guess}`)))).toThrow(/unknown/);
      expect(() => ask(`sk-quorum-${guess}`)).toThrow(/mistyped/);
    }
    expect(looks).toBeLessThanOrEqual(50);
    keyring.stop();
  });

  it('refuses a missing, mistyped, foreign or unknown key with 401, each in its own words', () => {
    const accounts = openAccounts();
    const { secret } = accounts.administration.createKey({}, 'ann');
    const messages = [null, '', `${secret}x`, 'sk-proj-123', mintKey(seededBytes('other'))].map((key) => {
      try {
        using(accounts)(key);
        return 'let in';
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_api_key', status: 401 });
        return (error as Error).message;
      }
    });
    expect(new Set(messages).size).toBe(4);
    expect(messages.join()).not.toContain(secret.slice(10));
  });

  it('is open on loopback as long as there is no key', () => {
    const accounts = openAccounts({ loopback: true });
    expect(accounts.keyring.isOpen()).toBe(true);
    expect(using(accounts)('sk-anything').caller).toMatchObject({ keyId: null, admin: false });
    accounts.administration.createKey({}, 'ann');
    expect(accounts.keyring.isOpen()).toBe(false);
    expect(() => using(accounts)(null)).toThrow(/No API key/);
    expect(using(openAccounts({ loopback: true }))(ADMIN_KEY).caller.admin).toBe(true);
    expect(() => using(openAccounts())('sk-anything')).toThrow(/not a key of this/);
  });

  it('knows the admin key everywhere, and only it in the administration', () => {
    const accounts = openAccounts();
    const { secret } = accounts.administration.createKey({}, 'ann');
    expect(using(accounts)(ADMIN_KEY).caller.admin).toBe(true);
    expect(accounts.keyring.authenticateAdmin(ADMIN_KEY).admin).toBe(true);
    for (const key of [null, secret, `${ADMIN_KEY} `])
      expect(() => accounts.keyring.authenticateAdmin(key)).toThrow(/admin key/);
  });

  it('refuses an expired or disabled key, and those of a disabled team, with 403', async () => {
    const accounts = openAccounts();
    const { key, secret } = accounts.administration.createKey(
      { team: 'data', expiresAt: accounts.clock.now() + SOON_MS },
      'ann',
    );
    accounts.administration.saveTeam('data', { disabled: true }, 'ann');
    expect(() => using(accounts)(secret)).toThrow(expect.objectContaining({ code: 'key_disabled', status: 403 }));
    accounts.administration.saveTeam('data', { disabled: false }, 'ann');
    accounts.administration.updateKey(key.id, { disabled: true }, 'ann');
    expect(() => using(accounts)(secret)).toThrow(expect.objectContaining({ code: 'key_disabled' }));
    accounts.administration.updateKey(key.id, { disabled: false }, 'ann');
    expect(using(accounts)(secret).caller.keyId).toBe(key.id);
    await accounts.clock.advance(SOON_MS);
    expect(() => using(accounts)(secret)).toThrow(expect.objectContaining({ code: 'key_expired', status: 403 }));
  });

  it('lets an old secret work for the overlap of a rotation and no longer', async () => {
    const accounts = openAccounts();
    const { key, secret } = accounts.administration.createKey({}, 'ann');
    const { secret: next } = accounts.administration.rotateKey(key.id, SOON_MS, 'ann');
    expect([secret, next].map((one) => using(accounts)(one).caller.keyId)).toEqual([key.id, key.id]);
    await accounts.clock.advance(SOON_MS);
    expect(() => using(accounts)(secret)).toThrow(/replaced/);
    const { secret: last } = accounts.administration.rotateKey(key.id, 0, 'ann');
    expect(() => using(accounts)(next)).toThrow(/unknown/);
    expect(using(accounts)(last).caller.keyId).toBe(key.id);
  });

  it('takes a revocation by another process into account within half a second', async () => {
    const accounts = openAccounts();
    const { key, secret } = accounts.administration.createKey({}, 'ann');
    accounts.registry.saveKey({ ...key, disabled: true }, [], { at: 0, actor: 'other', action: 'key.revoke' });
    expect(using(accounts)(secret).caller.keyId).toBe(key.id);
    await accounts.clock.advance(500);
    expect(() => using(accounts)(secret)).toThrow(/unknown/);
  });

  it('lets a key in only from its networks and for its endpoints', () => {
    const accounts = openAccounts();
    const grants = {
      networks: ['10.1.0.0/16', '2001:db8::/32', '192.0.2.7'],
      endpoints: ['/v1/chat/*', '/v1/models*'],
    };
    const { secret } = accounts.administration.createKey({ grants }, 'ann');
    const enters = (address: string, endpoint = '/v1/chat/completions'): boolean => {
      try {
        using(accounts)(secret, { address, endpoint });
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'permission_denied', status: 403 });
        return false;
      }
    };
    expect(['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1', '192.0.2.7'].map((address) => enters(address))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(
      ['10.2.0.1', '::ffff:10.2.0.1', '2001:db9::1', '192.0.2.8', 'unknown'].map((address) => enters(address)),
    ).toEqual(Array.from({ length: 5 }, () => false));
    expect(enters('10.1.2.3', '/v1/models/gpt-4o')).toBe(true);
    expect(enters('10.1.2.3', '/v1/embeddings')).toBe(false);
  });

  it('writes down lazily when a key was used last', async () => {
    const accounts = openAccounts();
    const { key, secret } = accounts.administration.createKey({}, 'ann');
    using(accounts)(secret);
    const lastUsed = (): number | null | undefined =>
      accounts.registry.load().keys.find(({ id }) => id === key.id)?.lastUsedAt;
    expect(lastUsed()).toBeNull();
    const usedAt = accounts.clock.now();
    await accounts.clock.advance(60_000);
    expect(lastUsed()).toBe(usedAt);
  });
});

describe('what a key may use', () => {
  it('needs the key and its team to allow it', () => {
    const accounts = openAccounts();
    accounts.administration.saveTeam('data', { grants: { models: ['gpt-*', 'claude-*'] } }, 'ann');
    const { secret } = accounts.administration.createKey(
      { team: 'data', grants: { models: ['*-mini', 'o?'], tiers: ['cost'], strategies: ['single'] } },
      'ann',
    );
    const { permissions } = using(accounts)(secret);
    expect(
      ['gpt-4o-mini', 'GPT-4o-mini', 'gpt-4o', 'o1', 'claude-mini'].map((name) => permissions.model(name)),
    ).toEqual([true, true, false, false, true]);
    expect(() => demand(permissions, { model: 'gpt-4o-mini', tier: 'cost', strategy: 'single' })).not.toThrow();
    for (const wish of [{ model: 'gpt-4o' }, { tier: 'premium' }, { strategy: 'council' }])
      expect(() => demand(permissions, wish)).toThrow(
        expect.objectContaining({ code: 'model_not_allowed', status: 403 }),
      );
  });

  it('matches patterns as a plain reading of them does, in linear time', () => {
    const accounts = openAccounts();
    const { secret } = accounts.administration.createKey({ grants: { models: ['*a*a*a*a*a*b'] } }, 'ann');
    expect(using(accounts)(secret).permissions.model('a'.repeat(100_000))).toBe(false);
    expect(using(accounts)(secret).permissions.model('xaaaaab')).toBe(true);
  });
});

describe('names', () => {
  it('are one living key’s in a team: another is refused, a revoked one’s is free again', () => {
    const { administration, keyring } = openAccounts();
    const taken = expect.objectContaining({ code: 'invalid_value', extra: expect.objectContaining({ param: 'name' }) });
    const { key: first } = administration.createKey({ name: 'ci', team: 'data' }, 'ann');
    expect(() => administration.createKey({ name: 'ci', team: 'data' }, 'ann')).toThrow(taken);
    const { key: other } = administration.createKey({ name: 'other', team: 'data' }, 'ann');
    expect(() => administration.updateKey(other.id, { name: 'ci' }, 'ann')).toThrow(taken);
    expect(administration.updateKey(first.id, { name: 'ci', disabled: false }, 'ann').id).toBe(first.id);
    administration.revokeKey(first.id, 'ann');
    const { key: second } = administration.createKey({ name: 'ci', team: 'data' }, 'ann');
    expect(administration.updateKey('ci', { user: 'eve' }, 'ann').id).toBe(second.id);
    expect(keyring.registry().keys.filter(({ name }) => name === 'ci')).toHaveLength(2);
  });

  it('that mean keys of several teams are asked back', () => {
    const { administration } = openAccounts();
    const ids = ['data', 'web'].map((team) => administration.createKey({ name: 'ci', team }, 'ann').key.id);
    for (const id of ids)
      expect(() => administration.revokeKey('ci', 'ann')).toThrow(
        expect.objectContaining({ code: 'invalid_value', message: expect.stringContaining(id) }),
      );
    expect(administration.revokeKey(ids[0]!, 'ann').id).toBe(ids[0]);
    expect(administration.revokeKey('ci', 'ann').id).toBe(ids[1]);
  });
});

describe('the audit', () => {
  it('has every change, who made it, and cannot be altered', () => {
    const accounts = openAccounts();
    const { key } = accounts.administration.createKey({ team: 'data' }, 'ann', [{ limit: 5 as never }]);
    accounts.administration.rotateKey(key.id, 0, 'bob');
    accounts.administration.updateKey(key.id, { disabled: true }, 'bob');
    accounts.administration.revokeKey(key.id, 'cyn');
    const { rows } = accounts.registry.audit(20, null);
    expect(rows.map(({ action, actor }) => `${actor} ${action}`)).toEqual([
      'cyn key.revoke',
      'bob key.disable',
      'bob key.rotate',
      'ann key.create',
      'ann budget.create',
      'ann team.create',
    ]);
    expect(accounts.registry.audit(20, null, 'data').rows).toHaveLength(1);
    const first = accounts.registry.audit(2, null);
    expect(accounts.registry.audit(20, first.cursor).rows).toHaveLength(4);
    expect(() => accounts.db.exec('DELETE FROM audit')).toThrow(/append-only/);
  });
});

describe('what makes no sense', () => {
  it('is refused, naming the field, and changes nothing', () => {
    const { administration, registry } = openAccounts();
    const refused = (make: () => VirtualKey | object, param: string): void =>
      expect(make).toThrow(
        expect.objectContaining({ code: 'invalid_value', extra: expect.objectContaining({ param }) }),
      );
    refused(() => administration.createKey({ limits: { rpm: 0 } }, 'ann'), 'rpm');
    refused(() => administration.createKey({ limits: { tpm: 1.5 } }, 'ann'), 'tpm');
    refused(() => administration.createKey({ grants: { networks: ['10.0.0.0/33'] } }, 'ann'), 'networks');
    refused(() => administration.createKey({ name: ' ' }, 'ann'), 'name');
    refused(() => administration.createKey({}, 'ann', [{ limit: -1 as never }]), 'limit_usd');
    refused(
      () => administration.createBudget({ scope: 'global', limit: 1 as never, timeZone: 'Moon/Base' }, 'ann'),
      'time_zone',
    );
    expect(() => administration.updateKey('key_0', {}, 'ann')).toThrow(expect.objectContaining({ code: 'not_found' }));
    expect(registry.load()).toMatchObject({ version: 0, keys: [], budgets: [] });
  });
});
