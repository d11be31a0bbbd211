import { isIPv6 } from 'node:net';
import type { ServerConfig } from '../config/config.js';
import { bareHost, isLoopback } from '../config/loopback.js';
import { AppError } from '../errors/app-error.js';

/** What the guard looks at: headers of the request itself. `X-Forwarded-Host` and `Forwarded` are never asked. */
export interface GuardedRequest {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  contentType: string | undefined;
  /** A body came or is announced (`Content-Length` above 0, or `Transfer-Encoding`). */
  hasBody: boolean;
}

/** Made once from the configuration by `guardPolicy`. */
export interface GuardPolicy {
  hosts: ReadonlySet<string>;
  origins: ReadonlySet<string>;
}

export interface GuardRefusal {
  /** The status to answer; 415 stands beside the error because the error catalogue has none of its own for it. */
  status: 403 | 415;
  error: AppError;
}

const wildcards = new Set(['0.0.0.0', '::']);

/** Loopback names are always allowed; further ones come from `publicUrl`, `allowedHosts` and the address listened at. */
export function guardPolicy(
  server: Pick<ServerConfig, 'host' | 'publicUrl' | 'allowedHosts' | 'corsOrigins'>,
): GuardPolicy {
  const { host, publicUrl, allowedHosts, corsOrigins } = server;
  const hosts = allowedHosts.map(bareHost);
  if (publicUrl !== undefined) hosts.push(bareHost(new URL(publicUrl).hostname));
  if (!wildcards.has(bareHost(host))) hosts.push(bareHost(host));
  return { hosts: new Set(hosts), origins: new Set(corsOrigins) };
}

/**
 * Keeps web pages from using a browser against this server. Returns why a request is refused, or nothing.
 *
 * - Host must be a loopback name or one that is configured, with any port: a page whose name was rebound to this
 *   machine still sends its own name. Else 403.
 * - Origin, where present, must be an http(s) origin of such a host, or one of `corsOrigins`; `null` is refused. Else 403.
 * - A body, and every POST, PUT, PATCH and DELETE, must be `Content-Type: application/json` (parameters allowed):
 *   a form cannot send that, and a script only after a preflight that no configuration allows. Else 415.
 */
export function guardRequest(request: GuardedRequest, policy: GuardPolicy): GuardRefusal | undefined {
  const isAllowed = (host: string | undefined): boolean =>
    host !== undefined && (isLoopback(host) || policy.hosts.has(bareHost(host)));

  if (!isAllowed(hostIn(request.host))) {
    return refuse(
      403,
      'forbidden',
      'The Host of this request is not one that this server answers for; an operator can add it to server.allowedHosts.',
    );
  }
  const { origin } = request;
  if (origin !== undefined && !policy.origins.has(origin.toLowerCase()) && !isAllowed(hostIn(authorityOf(origin)))) {
    return refuse(
      403,
      'forbidden',
      'The Origin of this request is not allowed; an operator can add it to server.corsOrigins.',
    );
  }
  const isChange = !['GET', 'HEAD', 'OPTIONS'].includes(request.method.toUpperCase());
  if ((isChange || request.hasBody) && !/^application\/json[ \t]*(;|$)/i.test(request.contentType?.trim() ?? '')) {
    return refuse(415, 'invalid_input', 'Send the body as JSON, with the header `Content-Type: application/json`.');
  }
  return undefined;
}

/** The authority of an http(s) origin; nothing for `null`, for lists, and for anything behind the authority. */
const authorityOf = (origin: string): string | undefined => /^https?:\/\/([^/?#\\,\s]+)$/i.exec(origin)?.[1];

/** The host of `host[:port]`; nothing if there is a user name in it, more than one host, or anything else odd. */
function hostIn(authority: string | undefined): string | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority ?? '');
  if (!parts) return undefined;
  const [, ipv6, name] = parts;
  return ipv6 === undefined ? name : isIPv6(ipv6) ? ipv6 : undefined;
}

const hints = {
  403: 'Call the server by an address that it knows: a loopback name, its publicUrl, or one of server.allowedHosts.',
  415: 'Send the body as JSON, with its content type.',
};

const refuse = (status: 403 | 415, code: 'forbidden' | 'invalid_input', message: string): GuardRefusal => ({
  status,
  error: new AppError(code, message, {}, { hint: hints[status] }),
});
