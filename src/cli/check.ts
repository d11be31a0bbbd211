import Table from 'cli-table3';
import pLimit from 'p-limit';
import { ArgoCdClient } from '../argocd/client.js';
import type { ClusterConfig } from '../config/config.js';
import { openSecret } from '../config/secrets.js';
import { readTlsFiles } from '../config/tls-files.js';
import { expiryOf } from '../config/token-expiry.js';
import { AppError } from '../errors/app-error.js';
import { plainText } from '../fleet/index/plain-text.js';
import { createLogger, type LogLevel } from '../telemetry/logger.js';
import { configFor, notListening, type ConfigOptions } from './config-for.js';
import { CommandError } from './exit.js';

export interface CheckOptions extends ConfigOptions {
  json: boolean;
  logLevel: LogLevel;
}

/** What one cluster answered. `problem` is why it did not, or not fully. */
export interface CheckedCluster {
  cluster: string;
  reachable: boolean;
  version?: string;
  account?: string;
  /** ISO 8601, or `never`; absent when the token is no JWT. */
  tokenExpires?: string;
  /** Actions on applications of any project that Argo CD allows this account. */
  may?: string[];
  problem?: string;
}

const actions = ['get', 'sync', 'override', 'action', 'update', 'delete'] as const;
const clustersAtOnce = 20;

/** Validates the configuration, asks every cluster and prints a table. Fails (exit code 1) when one is not usable. */
export async function check(options: CheckOptions): Promise<void> {
  const { config } = configFor(notListening(options), createLogger(options.logLevel));
  const limit = pLimit(clustersAtOnce);
  const checked = await Promise.all(config.clusters.map((cluster) => limit(() => checkCluster(cluster))));
  process.stdout.write(options.json ? `${JSON.stringify(checked, undefined, 2)}\n` : `${tableOf(checked)}\n`);
  const broken = checked.filter(({ problem }) => problem !== undefined);
  if (broken.length > 0) {
    throw new CommandError(`${broken.length} of ${checked.length} clusters cannot be used as configured.`, 1);
  }
}

/** Never throws. */
export async function checkCluster(cluster: ClusterConfig): Promise<CheckedCluster> {
  const result: CheckedCluster = { cluster: cluster.name, reachable: false };
  const secret = openSecret(cluster.token);
  let client: ArgoCdClient | undefined;
  try {
    const expiry = expiryText(await secret.get());
    if (expiry) result.tokenExpires = expiry;
    client = new ArgoCdClient({
      baseUrl: cluster.url,
      credentials: secret,
      headers: cluster.headers,
      tls: readTlsFiles(cluster.tls),
      limits: cluster.limits,
    });
    result.version = plainText((await client.version()).Version, 64);
    result.reachable = true;
    const user = await client.userInfo();
    if (!user.loggedIn) throw new AppError('cluster_refused', 'Argo CD does not accept the token.');
    result.account = plainText(user.username ?? '', 100) || 'unknown';
    const api = client;
    const allowed = await Promise.all(actions.map((action) => api.canI('applications', action, '*/*')));
    result.may = actions.filter((_, i) => allowed[i]);
  } catch (error) {
    result.problem = AppError.from(error).message;
  } finally {
    await client?.close();
    secret.close();
  }
  return result;
}

function expiryText(token: string): string | undefined {
  if (token.split('.').length !== 3) return undefined;
  const expiry = expiryOf(token);
  if (!expiry) return 'never';
  return `${expiry.toISOString()}${expiry.getTime() < Date.now() ? ' (expired)' : ''}`;
}

function tableOf(checked: readonly CheckedCluster[]): string {
  const table = new Table({
    head: ['cluster', 'reachable', 'version', 'account', 'token expires', 'may (all projects)', 'problem'],
    style: { head: [], border: [] },
    colWidths: [null, null, null, null, null, null, 50],
    wordWrap: true,
  });
  for (const row of checked) {
    table.push([
      row.cluster,
      row.reachable ? 'yes' : 'no',
      row.version ?? '',
      row.account ?? '',
      row.tokenExpires ?? '',
      row.may ? row.may.join(' ') || 'nothing; perhaps parts of it in some projects' : '',
      row.problem ?? '',
    ]);
  }
  return table.toString();
}
