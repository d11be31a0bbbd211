import { readFileSync } from 'node:fs';
import { AppError } from '../errors/app-error.js';
import type { TlsConfig } from './config.js';

/** What TLS to one cluster needs: the content of the files, not their paths. */
export interface TlsMaterial {
  ca?: string;
  cert?: string;
  key?: string;
  insecureSkipVerify: boolean;
}

/** Reads the files of one cluster once. Throws `cluster_refused`, without a path in it, when one cannot be read. */
export function readTlsFiles(tls: TlsConfig): TlsMaterial {
  const read = (field: 'caFile' | 'certFile' | 'keyFile'): string | undefined => {
    const path = tls[field];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new AppError('cluster_refused', `The ${field} of this cluster cannot be read.`, {}, { cause });
    }
  };
  return {
    ...defined('ca', read('caFile')),
    ...defined('cert', read('certFile')),
    ...defined('key', read('keyFile')),
    insecureSkipVerify: tls.insecureSkipVerify,
  };
}

const defined = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: string });
