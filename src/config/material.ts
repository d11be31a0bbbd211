import { createHash } from 'node:crypto';
import type { ClusterConfig } from './config.js';
import { readSecretFile } from './secret-file.js';
import { readTlsFiles, type TlsMaterial } from './tls-files.js';

/** What the files hold that the configuration of one cluster names. */
export interface Material {
  tls: TlsMaterial;
  /** Tell whether the content is another one; they say nothing of it. */
  prints: { token: string; tls: string };
}

/**
 * Reads the files of one cluster. Throws `cluster_refused`, without a path in it, when one of TLS cannot be read; a
 * token that cannot be read now may be there at the first request.
 */
export function readMaterial({ token, tls }: Pick<ClusterConfig, 'token' | 'tls'>): Material {
  const read = readTlsFiles(tls);
  return { tls: read, prints: { token: token.kind === 'file' ? tokenPrint(token.path) : '', tls: print(read) } };
}

function tokenPrint(path: string): string {
  try {
    return print(readSecretFile(path).secret);
  } catch {
    return 'unreadable';
  }
}

const print = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('base64');
