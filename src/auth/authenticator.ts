import { Inject, Injectable } from '@nestjs/common';
import type { ApiKeyConfig, Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LiveConfig, type ConfigUser, type Prepared } from '../config/live-config.js';
import { AppError } from '../errors/app-error.js';
import { parseGlob } from '../fleet/index/glob.js';
import { everything } from '../fleet/scope.js';
import { findKey } from './api-key.js';
import type { Caller } from './caller.js';
import { scopeOf } from './caller-scope.js';

interface KnownKey {
  hash: string;
  caller: Caller;
}

/** Longer headers are no keys, and are not hashed. */
const headerLengthMax = 1024;

/**
 * Tells who is calling.
 *
 * Where the server has no keys (stdio, loopback), everybody is `local`: admin, for whoever reaches the loopback
 * interface owns the machine. A read-only server refuses changes to `local` as to everybody: that is the gate's
 * decision alone, and so the caller stays admin.
 */
@Injectable()
export class Authenticator implements ConfigUser {
  private callers: readonly KnownKey[];
  private readonly local: Caller = { name: 'local', role: 'admin', scope: everything, tool: () => true };

  /** Throws `invalid_input` for a key whose selector or globs cannot be read. */
  constructor(@Inject(CONFIG) config: Pick<Config, 'server'>, @Inject(LiveConfig) live?: LiveConfig) {
    this.callers = keysOf(config.server.apiKeys);
    live?.join(this);
  }

  /** Other keys count from the next request on. */
  prepare({ server }: Pick<Config, 'server'>): Prepared {
    const callers = keysOf(server.apiKeys);
    return { commit: () => void (this.callers = callers) };
  }

  /** The caller behind an `Authorization` header. Throws `unauthenticated`, which never says what was sent. */
  authenticate(authorization: string | undefined): Caller {
    if (this.callers.length === 0) return this.local;
    if (authorization === undefined || authorization.trim() === '') {
      throw unauthenticated('This server wants an API key: send `Authorization: Bearer <key>`.');
    }
    const presented =
      authorization.length > headerLengthMax ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (presented === undefined) {
      throw unauthenticated('The Authorization header is not of the form `Bearer <key>`.');
    }
    const found = findKey(this.callers, presented);
    if (!found) throw unauthenticated('This API key is not known to this server; it may have been replaced.');
    return found.caller;
  }

  /** Who speaks over stdio: whoever started this process, and may read its configuration. */
  localCaller(): Caller {
    return this.local;
  }
}

const unauthenticated = (message: string): AppError => new AppError('unauthenticated', message);

function keysOf(keys: readonly ApiKeyConfig[]): KnownKey[] {
  return keys.map((key) => {
    const tools = key.tools?.map((glob) => parseGlob('tools', glob));
    const tool = (name: string): boolean => tools?.some((matches) => matches(name)) ?? true;
    return { hash: key.hash, caller: { name: key.name, role: key.role, scope: scopeOf(key), tool } };
  });
}
