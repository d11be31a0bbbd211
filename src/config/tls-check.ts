import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Path } from './config-error.js';
import type { Explained } from './explain-issues.js';
import { block } from './raw-file.js';
import { codeOf, isOpenToOthers, readableByOthers } from './secret-file.js';

const bytesMax = 1024 * 1024;

/** What each field of `tls` must be the PEM of. */
const contentOf = { caFile: 'CERTIFICATE', certFile: 'CERTIFICATE', keyFile: 'PRIVATE KEY' } as const;

type PemTexts = Partial<Record<keyof typeof contentOf, string>>;

/** Looks whether the files of a `tls` block can be read, are what they should be, and belong together. */
export function checkTlsFiles(
  value: unknown,
  path: Path,
  baseDir: string,
  findings: { problems: Explained[]; warnings: Explained[] },
): void {
  const tls = block(value);
  const pem: PemTexts = {};
  for (const field of ['caFile', 'certFile', 'keyFile'] as const) {
    const name = tls[field];
    if (typeof name !== 'string' || name === '' || name.includes('\0')) continue;
    const read = readPem(resolve(baseDir, name), contentOf[field]);
    if ('problem' in read) findings.problems.push({ path: [...path, field], message: read.problem });
    else {
      pem[field] = read.pem;
      const isOpen = field === 'keyFile' && isOpenToOthers(read.mode);
      if (isOpen) findings.warnings.push({ path: [...path, field], message: readableByOthers });
    }
  }
  const unusable = whyUnusable(pem);
  if (unusable !== undefined) findings.problems.push({ path, message: unusable });
  if (tls['insecureSkipVerify'] === true) {
    const message = 'is on: whoever is between this server and Argo CD can read the token';
    findings.warnings.push({ path: [...path, 'insecureSkipVerify'], message });
  }
}

function readPem(file: string, content: string): { pem: string; mode: number } | { problem: string } {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return { problem: 'is not a regular file' };
    if (stats.size > bytesMax) return { problem: `is larger than ${bytesMax / 1024 / 1024} MiB` };
    const pem = readFileSync(file, 'latin1');
    const isContent = new RegExp(`-----BEGIN [A-Z0-9 ]*${content}-----`).test(pem);
    return isContent ? { pem, mode: stats.mode } : { problem: `is no PEM file with a ${content.toLowerCase()} in it` };
  } catch (error) {
    return { problem: `cannot be read (${codeOf(error)})` };
  }
}

/** So that a damaged certificate, or one with the key of another, is found before the first connection. */
function whyUnusable({ caFile, certFile, keyFile }: PemTexts): string | undefined {
  try {
    for (const pem of [caFile, certFile]) certificatesIn(pem);
  } catch {
    return 'names a file with a damaged certificate';
  }
  if (certFile === undefined || keyFile === undefined) return undefined;
  try {
    const key = createPrivateKey(keyFile);
    // The client's own certificate comes first, those of authorities in between behind it.
    return certificatesIn(certFile)[0]?.checkPrivateKey(key)
      ? undefined
      : 'has a certFile and a keyFile that do not belong together';
  } catch {
    return 'names a keyFile that is damaged or has a passphrase';
  }
}

const certificatesIn = (pem = ''): X509Certificate[] =>
  (pem.match(/-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----[^-]+-----END \1-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  );
