import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from './clock.js';
import { stampOf } from './clock.js';
import { GrpcError } from './grpc-error.js';
import { globMatches } from './projects.js';
import type { Claims } from './token.js';
import { readToken, signToken } from './token.js';

/** One allow rule. `object` is a glob in which `*` matches anything, slashes included. */
export interface Rule {
  resource: string;
  action: string;
  object: string;
}

export interface Caller {
  /** The account's name, or `proj:<project>:<role>`. */
  name: string;
  issuedAt: number;
  claims: Claims;
}

interface Account {
  capabilities: string[];
  password?: string;
  tokens: Map<string, { issuedAt: number; expiresAt?: number }>;
}

/** Password of the accounts `admin` and `bot`. It opens nothing but this stand-in. */
export const SIMULATOR_PASSWORD = 'simulator';
const SESSION_SECONDS = 24 * 3600;
const FAILURES_MAX = 5;
const FAILURE_WINDOW_MS = 300_000;
const EVERYTHING: Rule[] = [{ resource: '*', action: '*', object: '*' }];

/** Who may call this instance, with which tokens, and what each may do. */
export class Accounts {
  private readonly secret = randomBytes(32);
  private readonly accounts = new Map<string, Account>();
  private readonly rights = new Map<string, Rule[]>();
  private readonly revoked = new Set<string>();
  private readonly expiredUpTo = new Map<string, number>();
  private readonly failures = new Map<string, { count: number; since: number }>();

  constructor(private readonly clock: Clock) {
    this.accounts.set('admin', { capabilities: ['login'], password: SIMULATOR_PASSWORD, tokens: new Map() });
    this.accounts.set('bot', { capabilities: ['apiKey', 'login'], password: SIMULATOR_PASSWORD, tokens: new Map() });
    this.accounts.set('reader', { capabilities: ['apiKey'], tokens: new Map() });
    this.rights.set('admin', EVERYTHING);
    this.rights.set('bot', EVERYTHING);
    this.rights.set('reader', [{ resource: 'applications', action: 'get', object: 'default/*' }]);
  }

  list(): Record<string, unknown>[] {
    return [...this.accounts].map(([name, account]) => ({
      name,
      enabled: true,
      capabilities: account.capabilities,
      ...(account.tokens.size > 0
        ? {
            tokens: [...account.tokens].map(([id, token]) => ({
              id,
              issuedAt: token.issuedAt,
              ...(token.expiresAt ? { expiresAt: token.expiresAt } : {}),
            })),
          }
        : {}),
    }));
  }

  /** Replaces what an account may do. An unknown account is made. */
  setRights(name: string, rules: Rule[]): void {
    this.rights.set(name, rules);
    if (!name.startsWith('proj:') && !this.accounts.has(name))
      this.accounts.set(name, { capabilities: ['apiKey'], tokens: new Map() });
  }

  /** What was granted to an account; a project role without a grant of its own has what its project gives it. */
  rightsOf(name: string): Rule[] {
    return this.rights.get(name) ?? this.rulesOf(name);
  }

  /** A token of an account, or of a project role written `proj:<project>:<role>`. */
  createToken(name: string, options: { expiresInSeconds?: number; id?: string } = {}): string {
    const issuedAt = this.nowSeconds();
    const id = options.id ?? randomUUID();
    const expiresAt = options.expiresInSeconds === undefined ? undefined : issuedAt + options.expiresInSeconds;
    const isProject = name.startsWith('proj:');
    if (!isProject) {
      if (!this.accounts.has(name)) this.setRights(name, []);
      this.accounts.get(name)!.tokens.set(id, { issuedAt, ...(expiresAt ? { expiresAt } : {}) });
    }
    return signToken(
      {
        iss: 'argocd',
        sub: isProject ? name : `${name}:apiKey`,
        nbf: issuedAt,
        iat: issuedAt,
        ...(expiresAt ? { exp: expiresAt } : {}),
        jti: id,
      },
      this.secret,
    );
  }

  /** Deletes tokens of an account: all of them, or the one with `id`. */
  revokeTokens(name: string, id?: string): void {
    const tokens = this.accounts.get(name)?.tokens;
    if (id === undefined) tokens?.clear();
    else tokens?.delete(id);
  }

  /** Lets every token that the account holds now count as expired. */
  expireTokens(name: string): void {
    this.expiredUpTo.set(name, this.nowSeconds());
  }

  /** Checks a password. Wrong ones, and too many wrong ones, give the same answer. */
  login(name: string, password: string): string {
    const account = this.accounts.get(name);
    const now = Date.now();
    const failed = this.failures.get(name);
    const isLocked = failed !== undefined && failed.count >= FAILURES_MAX && now - failed.since < FAILURE_WINDOW_MS;
    if (isLocked || account?.password !== password || !account.capabilities.includes('login')) {
      const isFresh = failed === undefined || now - failed.since >= FAILURE_WINDOW_MS;
      this.failures.set(name, isFresh ? { count: 1, since: now } : { count: failed.count + 1, since: failed.since });
      throw new GrpcError(16, 'Invalid username or password');
    }
    this.failures.delete(name);
    const issuedAt = this.nowSeconds();
    return signToken(
      {
        iss: 'argocd',
        sub: `${name}:login`,
        exp: issuedAt + SESSION_SECONDS,
        nbf: issuedAt,
        iat: issuedAt,
        jti: randomUUID(),
      },
      this.secret,
    );
  }

  /** Ends a session: its token is refused from now on. */
  logout(caller: Caller): void {
    if (caller.claims.jti) this.revoked.add(caller.claims.jti);
  }

  /** Who a request comes from. Throws `GrpcError` 16 with Argo CD's wording. */
  authenticate(candidates: string[]): Caller {
    for (const token of candidates) {
      const read = readToken(token, this.secret, this.nowSeconds());
      if (read === 'notAToken') continue;
      if (read === 'signature') throw invalidSession('token signature is invalid: signature is invalid');
      if (read === 'expired') throw invalidSession('token has invalid claims: token is expired');
      return this.callerOf(read);
    }
    throw new GrpcError(16, 'no session information');
  }

  can(caller: Caller, resource: string, action: string, object: string): boolean {
    const fits = (pattern: string, value: string): boolean => pattern === '*' || globMatches(pattern, value);
    return this.rulesOf(caller.name).some(
      (rule) => fits(rule.resource, resource) && fits(rule.action, action) && fits(rule.object, object),
    );
  }

  /** Throws the refusal that names what was refused to whom. */
  enforce(caller: Caller, resource: string, action: string, object: string): void {
    if (this.can(caller, resource, action, object)) return;
    const iat = stampOf(new Date(caller.issuedAt * 1000));
    throw new GrpcError(7, `permission denied: ${resource}, ${action}, ${object}, sub: ${caller.name}, iat: ${iat}`);
  }

  private rulesOf(name: string): Rule[] {
    const given = this.rights.get(name);
    const [kind, project] = name.split(':');
    if (kind !== 'proj' || !project) return given ?? [];
    const own = given ?? [{ resource: 'applications', action: '*', object: `${project}/*` }];
    return [...own, { resource: 'projects', action: 'get', object: project }];
  }

  private callerOf(claims: Claims): Caller {
    const isProject = claims.sub.startsWith('proj:');
    const [name = '', capability] = isProject ? [claims.sub] : claims.sub.split(':');
    if ((this.expiredUpTo.get(name) ?? 0) >= claims.iat)
      throw invalidSession('token has invalid claims: token is expired');
    if (claims.jti && this.revoked.has(claims.jti)) throw invalidSession('token is revoked, please re-login');
    if (!isProject) {
      const account = this.accounts.get(name);
      if (!account) throw invalidSession(`account '${name}' does not exist`);
      if (capability === 'apiKey' && !account.tokens.has(claims.jti ?? ''))
        throw invalidSession(`account ${name} does not have token with id ${claims.jti ?? ''}`);
    }
    return { name, issuedAt: claims.iat, claims };
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}

function invalidSession(reason: string): GrpcError {
  return new GrpcError(16, `invalid session: ${reason}`);
}
