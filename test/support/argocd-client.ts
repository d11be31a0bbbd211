import { ArgoCdClient, type ArgoCdClientOptions } from '../../src/argocd/client.js';
import type { CredentialSource } from '../../src/argocd/credential-source.js';
import type { Application } from '../../src/argocd/schemas.js';
import type { ClusterLimits } from '../../src/config/config.js';

export const testLimits: ClusterLimits = {
  timeoutMs: 2_000,
  connectTimeoutMs: 1_000,
  concurrentRequests: 4,
  responseBytesMax: 8 * 1024 * 1024,
  streamIdleMs: 2_000,
  streamHeaderMs: 2_000,
  relistMs: 300_000,
};

/** A source that gives the tokens in turn, the next one at each renewal, and counts. */
export class ScriptedCredentials implements CredentialSource {
  gets = 0;
  renewals = 0;

  constructor(private readonly tokens: readonly string[] = ['test-token']) {}

  get(): Promise<string> {
    this.gets++;
    return Promise.resolve(this.current);
  }

  renew(): Promise<string> {
    this.renewals++;
    return Promise.resolve(this.current);
  }

  private get current(): string {
    return this.tokens[Math.min(this.renewals, this.tokens.length - 1)] ?? '';
  }
}

export function testClient(
  baseUrl: string,
  options: Partial<Omit<ArgoCdClientOptions, 'limits'>> & { limits?: Partial<ClusterLimits> } = {},
): ArgoCdClient {
  const { limits, ...rest } = options;
  return new ArgoCdClient({
    baseUrl,
    credentials: new ScriptedCredentials(),
    headers: {},
    tls: {},
    ...rest,
    limits: { ...testLimits, ...limits },
  });
}

/** The error that a promise rejects with. Resolving is a failure of the test. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It resolved, though it should have failed.');
}

/** All applications of a list. */
export async function listAll(
  client: Pick<ArgoCdClient, 'listEach'>,
  options: Parameters<ArgoCdClient['listEach']>[0] = {},
): Promise<Application[]> {
  const all: Application[] = [];
  await client.listEach(options, (application) => all.push(application));
  return all;
}
