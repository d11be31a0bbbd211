import { isUnencrypted } from './addresses.js';
import type { Config } from './config.js';
import type { Explained } from './explain-issues.js';
import { didYouMean, suggest } from '../errors/suggest.js';
import { bareHost, isLoopback } from './loopback.js';

/** What works but deserves a second look. */
export function warningsOf({ server, redis, clusters }: Config): Explained[] {
  const warnings: Explained[] = [];
  const warn = (path: Explained['path'], message: string): void => void warnings.push({ path, message });

  const nameByUrl = new Map<string, string>();
  clusters.forEach(({ name, url }, index) => {
    if (isUnencrypted(url)) warn(['clusters', index, 'url'], 'is plain http: the token travels unencrypted');
    const other = nameByUrl.get(url);
    if (other !== undefined) warn(['clusters', index, 'url'], `is also that of ${other}: one Argo CD under two names`);
    nameByUrl.set(url, name);
  });
  if (server.publicUrl !== undefined && isUnencrypted(server.publicUrl)) {
    warn(['server', 'publicUrl'], 'is plain http: API keys travel unencrypted');
  }
  if (isEveryAddress(server.host) && server.publicUrl === undefined && server.allowedHosts.length === 0) {
    warn(
      ['server', 'host'],
      'is every address of this machine, but only requests to localhost are answered: name this server in publicUrl or allowedHosts',
    );
  }
  const names = clusters.map(({ name }) => name);
  server.apiKeys.forEach(({ clusters: selector }, index) => {
    for (const name of namesIn(selector)) {
      if (names.includes(name)) continue;
      warn(
        ['server', 'apiKeys', index, 'clusters'],
        `names ${name}, which is no cluster of this file.${didYouMean(suggest(name, names))}`,
      );
    }
  });
  for (const field of ['cache', 'queue'] as const) {
    const source = redis[field];
    if (source?.kind === 'value' && /^rediss?:\/\/[^\s/]*@/i.test(source.value)) {
      warn(['redis', field], 'holds a password in this file; better keep the address in {env: NAME} or {file: PATH}');
    }
  }
  return warnings;
}

export const isEveryAddress = (host: string): boolean => ['0.0.0.0', '::'].includes(bareHost(host));

/** Exact names in a selector, excluded ones too. */
const namesIn = (selector = ''): string[] =>
  selector
    .split(',')
    .map((term) => term.trim().replace(/^!/, ''))
    .filter((term) => term !== '' && !/[=*?]/.test(term));

/** Why a server may not listen where it is told to; nothing if it may. */
export function bindingProblem(host: string, hasKeys: boolean, allowAnonymous: boolean): string | undefined {
  if (isLoopback(host) || hasKeys || allowAnonymous) return undefined;
  return 'is reachable from other machines, and there is no API key: anybody there could change every application. Add server.apiKeys (made by `argocd-fleet-mcp key`), listen at 127.0.0.1, or start with --insecure-no-auth';
}
