import { describe, expect, it } from '@jest/globals';
import type { ApiKeyConfig, ServerConfig } from '../config/config.js';
import { defaultServer } from '../config/defaults.js';
import { AppError } from '../errors/app-error.js';
import { findKey, hashKey, newKey } from './api-key.js';
import { Authenticator } from './authenticator.js';

const server = (apiKeys: ApiKeyConfig[], more: Partial<ServerConfig> = {}) => ({
  server: { ...defaultServer, allowedHosts: [], corsOrigins: [], apiKeys, ...more },
});

const alice = newKey();
const bob = newKey();
const keys: ApiKeyConfig[] = [
  { name: 'alice', hash: hashKey(alice), role: 'admin' },
  { name: 'bob', hash: hashKey(bob), role: 'viewer', clusters: 'env=prod', projects: ['pay*'], tools: ['list_*'] },
];

function refusalOf(authenticator: Authenticator, header: string | undefined): AppError {
  try {
    authenticator.authenticate(header);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('the caller was let in');
}

describe('an API key', () => {
  it('is afm_ and 32 random bytes, and never the same twice', () => {
    const many = new Set(Array.from({ length: 1000 }, newKey));
    expect(many.size).toBe(1000);
    for (const key of many) expect(key).toMatch(/^afm_[A-Za-z0-9_-]{43}$/);
  });

  it('is hashed as SHA-256 in hex', () => {
    expect(hashKey('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('is found among others, the first and the last, and nothing else is', () => {
    const many = Array.from({ length: 50 }, newKey);
    const entries = many.map((key) => ({ key, hash: hashKey(key) }));
    for (const key of many) expect(findKey(entries, key)?.key).toBe(key);
    expect(findKey(entries, newKey())).toBeUndefined();
    expect(findKey([], newKey())).toBeUndefined();
  });

  it('is not its own hash, and a broken hash lets nobody in', () => {
    expect(findKey([{ hash: hashKey(alice) }], hashKey(alice))).toBeUndefined();
    for (const hash of ['', 'sha256:', 'sha256:zz', 'md5:00', hashKey(alice).slice(0, -2)]) {
      expect(findKey([{ hash }], alice)).toBeUndefined();
    }
  });
});

describe('the authenticator', () => {
  const authenticator = new Authenticator(server(keys));

  it('knows the owner of a key, whatever the case of the scheme', () => {
    expect(authenticator.authenticate(`Bearer ${alice}`)).toMatchObject({ name: 'alice', role: 'admin' });
    expect(authenticator.authenticate(`bearer  ${bob} `)).toMatchObject({ name: 'bob', role: 'viewer' });
  });

  it('bounds a caller by what its key says', () => {
    const caller = authenticator.authenticate(`Bearer ${bob}`);
    expect(caller.tool('list_clusters')).toBe(true);
    expect(caller.tool('sync_application')).toBe(false);
    expect(caller.scope.cluster({ name: 'x', labels: { env: 'prod' } })).toBe(true);
    expect(caller.scope.cluster({ name: 'x', labels: { env: 'dev' } })).toBe(false);
    expect(caller.scope.project('payments')).toBe(true);
    expect(caller.scope.project('default')).toBe(false);
    expect(authenticator.authenticate(`Bearer ${alice}`).scope.project('default')).toBe(true);
  });

  it.each([
    ['nothing', undefined, /wants an API key/],
    ['an empty header', ' ', /wants an API key/],
    ['another scheme', 'Basic YWxpY2U6', /not of the form/],
    ['the bare key', alice, /not of the form/],
    ['a key with more behind it', `Bearer ${alice} x`, /not of the form/],
    ['two keys', `Bearer ${alice}, Bearer ${alice}`, /not of the form/],
    ['a huge header', `Bearer ${'x'.repeat(5000)}`, /not of the form/],
    ['an unknown key', `Bearer ${newKey()}`, /not known/],
    ['the hash of a key', `Bearer ${hashKey(alice)}`, /not known/],
    ['a key in another case', `Bearer ${alice.toUpperCase()}`, /not known/],
    ['a cut key', `Bearer ${alice.slice(0, -1)}`, /not known/],
  ])('refuses %s, and does not repeat it', (_what, header, message) => {
    const refusal = refusalOf(authenticator, header);
    expect(refusal).toBeInstanceOf(AppError);
    expect(refusal.code).toBe('unauthenticated');
    expect(refusal.message).toMatch(message);
    const secret = header?.replace(/^Bearer +/, '').trim();
    if (secret) expect(JSON.stringify([refusal.message, refusal.details])).not.toContain(secret.slice(0, 20));
  });

  it('calls everybody local and admin where there are no keys, read-only or not', () => {
    for (const readOnly of [false, true]) {
      const open = new Authenticator(server([], { readOnly }));
      expect(open.authenticate(undefined)).toMatchObject({ name: 'local', role: 'admin' });
      expect(open.authenticate('Bearer whatever')).toMatchObject({ name: 'local' });
    }
  });

  it('calls who speaks over stdio local, keys or not', () => {
    expect(authenticator.localCaller()).toMatchObject({ name: 'local', role: 'admin' });
  });

  it('cannot be made with a selector that cannot be read', () => {
    const bad: ApiKeyConfig = { name: 'x', hash: hashKey('x'), role: 'viewer', clusters: 'a,,b' };
    expect(() => new Authenticator(server([bad]))).toThrow(/empty term/);
  });
});
