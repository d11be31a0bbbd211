import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { isUnencrypted, normaliseUrl, urlProblem } from './addresses.js';
import type { ApiKeyConfig, ClusterConfig, SecretSource } from './config.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { bindingProblem, isEveryAddress } from './config-warnings.js';
import { defaultKeyPrefix, defaultLimits } from './defaults.js';
import type { LoadedConfig, LoadOptions } from './loaded-config.js';
import { serverOf, withHash, type ServerOverrides } from './normalise.js';
import { clusterNames } from './cluster-names.js';
import { readSecret } from './secret-value.js';
import { readableByOthers } from './secret-file.js';
import { readTokenRegistry } from './token-registry.js';

const clusterVariables = ['ARGOCD_BASE_URL', 'ARGOCD_API_TOKEN', 'ARGOCD_TOKEN_REGISTRY_PATH'] as const;
const serverVariables = ['MCP_READ_ONLY', 'MCP_AUTH_TOKEN', 'MCP_BIND_ADDRESS'] as const;

const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';

/** True if the environment says which Argo CD to use. */
export const hasOfficialEnvironment = (env: NodeJS.ProcessEnv): boolean =>
  clusterVariables.some((name) => isSet(env[name]));

/** Variables that are set but count for nothing once there is a configuration file. */
export const ignoredVariables = (env: NodeJS.ProcessEnv): string[] =>
  [...clusterVariables, ...serverVariables].filter((name) => isSet(env[name]));

/** Everything that is wrong with the environment is collected here. */
interface Findings {
  problems: ConfigProblem[];
  warnings: string[];
}

interface Instance {
  url: string;
  token: SecretSource;
}

/**
 * The environment of the official Argo CD MCP server, as it is:
 *
 * - `ARGOCD_BASE_URL` with `ARGOCD_API_TOKEN`: one cluster.
 * - `ARGOCD_TOKEN_REGISTRY_PATH`: a JSON file `[{"baseUrl", "token"}]`, further clusters. The one of `ARGOCD_BASE_URL`
 *   may stand in it too; then `ARGOCD_API_TOKEN` counts where it is set.
 * - `MCP_READ_ONLY` (`true` or `1`), `MCP_AUTH_TOKEN` (one API key, admin, named `mcp-auth-token`; only its hash is
 *   kept), `MCP_BIND_ADDRESS` (`host` or `host:port`).
 * - `NODE_TLS_REJECT_UNAUTHORIZED=0`: certificates are not checked, with a warning.
 *
 * Cluster names come from the hosts and are made unique. Throws `ConfigError` with all problems, named by variable.
 */
export function loadOfficialEnvironment(options: LoadOptions & { env: NodeJS.ProcessEnv }): LoadedConfig {
  const { env, overrides = {}, allowAnonymous = false } = options;
  const findings: Findings = { problems: [], warnings: [] };
  const instances = instancesOf(env, findings);
  const apiKeys = apiKeysOf(env, findings);
  const { host, port } = addressOf(env, findings);
  const readOnly = readOnlyOf(env, findings);
  const fromEnvironment: ServerOverrides = {
    host,
    port,
    ...definedOf(overrides),
    readOnly: readOnly || overrides.readOnly,
  };
  const server = { ...serverOf(undefined, fromEnvironment), apiKeys };

  const binding = bindingProblem(server.host, apiKeys.length > 0, allowAnonymous);
  if (binding !== undefined)
    findings.problems.push({ path: 'MCP_BIND_ADDRESS', message: `${binding}. MCP_AUTH_TOKEN sets a key, too` });
  if (findings.problems.length > 0) throw new ConfigError('The environment', findings.problems);

  if (isEveryAddress(server.host) && server.allowedHosts.length === 0) {
    findings.warnings.push(
      'The server listens at every address, but answers only requests to localhost: other host names need a configuration file',
    );
  }

  const insecureSkipVerify = env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
  if (insecureSkipVerify)
    findings.warnings.push(
      'NODE_TLS_REJECT_UNAUTHORIZED is 0: whoever is between this server and Argo CD can read the token',
    );
  const names = clusterNames(instances.map(({ url }) => url));
  const clusters = instances.map(({ url, token }, index): ClusterConfig => {
    const name = names[index] as string;
    if (isUnencrypted(url)) findings.warnings.push(`${name} is asked over plain http: the token travels unencrypted`);
    const rest = {
      labels: {},
      tls: { insecureSkipVerify },
      headers: {},
      readOnly: false,
      limits: { ...defaultLimits },
    };
    return { name, url, token, ...rest };
  });
  return {
    config: withHash({ server, redis: { keyPrefix: defaultKeyPrefix }, clusters }),
    warnings: findings.warnings,
  };
}

function instancesOf(env: NodeJS.ProcessEnv, { problems, warnings }: Findings): Instance[] {
  const problem = (path: string, message: string): void => void problems.push({ path, message });
  const registryPath = env['ARGOCD_TOKEN_REGISTRY_PATH']?.trim();
  const registry = isSet(registryPath) ? readTokenRegistry(registryPath) : undefined;
  for (const message of registry?.problems ?? []) problem('ARGOCD_TOKEN_REGISTRY_PATH', message);
  if (registry?.isReadableByOthers) warnings.push(`ARGOCD_TOKEN_REGISTRY_PATH: the file ${readableByOthers}`);
  const instances = new Map<string, SecretSource>();

  const baseUrl = env['ARGOCD_BASE_URL']?.trim();
  const hasToken = isSet(env['ARGOCD_API_TOKEN']);
  if (isSet(baseUrl)) {
    const wrong = urlProblem(baseUrl);
    const inRegistry = wrong === undefined && registry?.instances.some(({ url }) => url === normaliseUrl(baseUrl));
    if (wrong !== undefined) problem('ARGOCD_BASE_URL', wrong);
    else if (hasToken) instances.set(normaliseUrl(baseUrl), { kind: 'env', name: 'ARGOCD_API_TOKEN' });
    if (!hasToken && !inRegistry) problem('ARGOCD_API_TOKEN', 'is not set; ARGOCD_BASE_URL needs a token');
    if (hasToken && inRegistry) {
      warnings.push('ARGOCD_BASE_URL also stands in the registry; the token of ARGOCD_API_TOKEN is used for it');
    }
  } else if (hasToken) {
    const message = 'is set without ARGOCD_BASE_URL, so that nobody knows for which Argo CD it is';
    if (registry) warnings.push(`ARGOCD_API_TOKEN ${message}; it is not used`);
    else problem('ARGOCD_BASE_URL', 'is not set; ARGOCD_API_TOKEN needs an address');
  }
  const token = hasToken ? readSecret(env['ARGOCD_API_TOKEN'] ?? '') : undefined;
  if (token && 'problem' in token) problem('ARGOCD_API_TOKEN', token.problem);
  for (const { url, token: value } of registry?.instances ?? []) {
    if (!instances.has(url)) instances.set(url, { kind: 'value', value });
  }
  return [...instances].map(([url, source]) => ({ url, token: source }));
}

function apiKeysOf(env: NodeJS.ProcessEnv, { problems, warnings }: Findings): ApiKeyConfig[] {
  const text = env['MCP_AUTH_TOKEN'];
  if (!isSet(text)) return [];
  const read = readSecret(text);
  if ('problem' in read) {
    problems.push({ path: 'MCP_AUTH_TOKEN', message: read.problem });
    return [];
  }
  if (read.secret.length < 20)
    warnings.push('MCP_AUTH_TOKEN is short enough to be guessed; `argocd-fleet-mcp key` makes a better one');
  const hash = `sha256:${createHash('sha256').update(read.secret, 'utf8').digest('hex')}`;
  return [{ name: 'mcp-auth-token', hash, role: 'admin' }];
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`, a bare IPv6 address, or `:port`. */
function addressOf(env: NodeJS.ProcessEnv, { problems }: Findings): { host?: string; port?: number } {
  const text = env['MCP_BIND_ADDRESS']?.trim();
  if (!isSet(text)) return {};
  if (isIP(text) === 6) return { host: text };
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]*))(?::(\d{1,5}))?$/.exec(text);
  const port = parts?.[3] === undefined ? undefined : Number(parts[3]);
  const host = parts?.[1] ?? parts?.[2];
  const isGood = parts && (port === undefined || port <= 65_535) && (parts[1] === undefined || isIP(parts[1]) === 6);
  if (!isGood) {
    problems.push({ path: 'MCP_BIND_ADDRESS', message: 'must be a host or host:port, for example 127.0.0.1:8090' });
    return {};
  }
  return { ...(host ? { host } : {}), ...(port === undefined ? {} : { port }) };
}

function readOnlyOf(env: NodeJS.ProcessEnv, { problems }: Findings): boolean {
  const text = env['MCP_READ_ONLY']?.trim().toLowerCase() ?? '';
  if (['true', '1'].includes(text)) return true;
  if (!['', 'false', '0'].includes(text)) problems.push({ path: 'MCP_READ_ONLY', message: 'must be true or false' });
  return false;
}

const definedOf = (overrides: ServerOverrides): ServerOverrides =>
  Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
