import type { Explained } from './explain-issues.js';
import type { Path } from './config-error.js';
import { block, entries } from './raw-file.js';

/**
 * What only several fields together can get wrong. Works on the value as it was written, so that these problems are
 * told together with those of single fields and not after them.
 */
export function crossCheck(root: unknown): Explained[] {
  const file = block(root);
  const clusters = entries(file['clusters'], ['clusters']);
  const apiKeys = entries(block(file['server'])['apiKeys'], ['server', 'apiKeys']);
  const defaults = { value: block(file['defaults']), path: ['defaults'] as Path };
  return [
    ...repeated(clusters, 'name', 'is the name of another cluster too; names must differ'),
    ...repeated(apiKeys, 'name', 'is the name of another key too; names must differ'),
    ...repeated(apiKeys, 'hash', 'is the hash of another key too; every caller needs a key of its own'),
    ...[defaults, ...clusters].flatMap(({ value, path }) => sameHeaders(block(value['headers']), [...path, 'headers'])),
    ...clusters.flatMap(({ value, path }) => certificatePair(value, path, defaults.value)),
  ];
}

function repeated(
  blocks: { value: Record<string, unknown>; path: Path }[],
  field: string,
  message: string,
): Explained[] {
  const seen = new Set<string>();
  return blocks.flatMap(({ value, path }) => {
    const text = value[field];
    if (typeof text !== 'string' || !seen.has(text)) {
      if (typeof text === 'string') seen.add(text);
      return [];
    }
    return [{ path: [...path, field], message }];
  });
}

function sameHeaders(headers: Record<string, unknown>, path: Path): Explained[] {
  const seen = new Set<string>();
  return Object.keys(headers).flatMap((name) => {
    const isRepeated = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    return isRepeated
      ? [{ path: [...path, name], message: 'stands here twice, in upper and lower case; keep one' }]
      : [];
  });
}

function certificatePair(cluster: Record<string, unknown>, path: Path, defaults: Record<string, unknown>): Explained[] {
  const tls = { ...block(defaults['tls']), ...block(cluster['tls']) };
  const has = (field: string): boolean => tls[field] !== undefined;
  if (has('certFile') === has('keyFile')) return [];
  const missing = has('certFile') ? 'keyFile' : 'certFile';
  return [{ path: [...path, 'tls'], message: `lacks ${missing}: a client certificate needs certFile and keyFile` }];
}
