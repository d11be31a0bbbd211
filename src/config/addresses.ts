import { isLoopback } from './loopback.js';

/** What is wrong with the address of a server; nothing if it can be used. Never quotes it: it may hold a password. */
export function urlProblem(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return 'must begin with https:// or http://';
  const url = parse(text);
  if (!url) return 'is no address that can be read';
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text)) {
    return 'must hold no user name and no password; the credentials are the token';
  }
  if (url.search !== '' || text.includes('?')) return 'must hold no query (nothing from ? on)';
  if (url.hash !== '' || text.includes('#')) return 'must hold no fragment (nothing from # on)';
  if (/\/api\/v1\/*$/.test(url.pathname)) return 'must be the base address: leave out /api/v1';
  if (/%2f|%5c|\/\//i.test(url.pathname.replace(/\/+$/, ''))) return 'must hold no empty or encoded part in its path';
  return undefined;
}

/** Scheme and host in lower case, no default port, no trailing slash. For addresses without a problem. */
export function normaliseUrl(text: string): string {
  const url = new URL(text);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** What is wrong with the origin of a web page. */
export function originProblem(text: string): string | undefined {
  if (text === '*') return 'must be single origins; * would let every web page use this server';
  const problem = urlProblem(text);
  if (problem !== undefined) return problem;
  return new URL(text).pathname === '/' && !text.endsWith('/')
    ? undefined
    : 'must be scheme, host and port alone, without a path or slash';
}

/** True for plain http to a host that is not this machine: whoever is between reads along. */
export function isUnencrypted(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}

function parse(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.hostname === '' ? undefined : url;
  } catch {
    return undefined;
  }
}
