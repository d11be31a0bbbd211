import { afterAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors/app-error.js';
import { checkTlsFiles } from './tls-check.js';
import { readTlsFiles } from './tls-files.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Made for this test, valid for a hundred years, trusted by nobody. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOnyuNYIDHwLQsSmc
LMdunQvGtKklVOnpO4aCPbdqG02hRANCAARcnCZu2QhpkPOLEIgcyvwZgx5qWpRO
osBpcJFAT7Yl+ex919CRHP1n92g1qPgcdFLZIiA+tHDog4IbjWo6aHN5
-----END PRIVATE KEY-----`;
const certificate = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUXAzpo0Skdt1NWdhY20iOYNjQic0wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjQwODA3MzRaGA8yMTI2MTAzMTA4MDcz
NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFyc
Jm7ZCGmQ84sQiBzK/BmDHmpalE6iwGlwkUBPtiX57H3X0JEc/Wf3aDWo+Bx0Utki
ID60cOiDghuNajpoc3mjUzBRMB0GA1UdDgQWBBTcQU4/PwG4Vupj+NHJojjfhxOr
gjAfBgNVHSMEGDAWgBTcQU4/PwG4Vupj+NHJojjfhxOrgjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIF/FNVLEqTgrgyh2p+vFKzBfS3Qpn8nKt2lX
nkJysgjqAiEAlQl28cSBSCsQPkKoG2j6Lspz7fE5qyd3hps6jySUL3Y=
-----END CERTIFICATE-----`;

const put = (name: string, text: string, mode = 0o600): void => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
};
put('key.pem', key);
put('open-key.pem', key, 0o640);
put('other-key.pem', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
const passphrase = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
put('locked-key.pem', generateKeyPairSync('ed25519').privateKey.export(passphrase) as string);
put('certificate.pem', certificate);
put('bundle.pem', `# a comment\n${certificate}\n${certificate}\n`);
put('damaged.pem', certificate.replace(/\n.{20}/, '\n'));
put('large.pem', 'x'.repeat(1024 * 1024 + 1));
mkdirSync(join(folder, 'folder.pem'));

function check(tls: unknown): { problems: string[]; warnings: string[] } {
  const findings = { problems: [], warnings: [] };
  checkTlsFiles(tls, ['tls'], folder, findings);
  const texts = (list: { path: readonly unknown[]; message: string }[]) =>
    list.map(({ path, message }) => `${path.join('.')} ${message}`);
  return { problems: texts(findings.problems), warnings: texts(findings.warnings) };
}

describe('the TLS files of a cluster', () => {
  it('that fit give no problem', () => {
    expect(check({ caFile: 'certificate.pem', certFile: 'certificate.pem', keyFile: 'key.pem' })).toEqual({
      problems: [],
      warnings: [],
    });
    expect(check({ caFile: 'bundle.pem' }).problems).toEqual([]);
    expect(check(undefined)).toEqual({ problems: [], warnings: [] });
  });

  it.each([
    [{ caFile: 'missing.pem' }, 'tls.caFile cannot be read (ENOENT)'],
    [{ caFile: 'folder.pem' }, 'tls.caFile is not a regular file'],
    [{ caFile: 'large.pem' }, 'tls.caFile is larger than 1 MiB'],
    [{ caFile: 'key.pem' }, 'tls.caFile is no PEM file with a certificate in it'],
    [{ certFile: 'key.pem', keyFile: 'key.pem' }, 'tls.certFile is no PEM file with a certificate in it'],
    [
      { certFile: 'certificate.pem', keyFile: 'certificate.pem' },
      'tls.keyFile is no PEM file with a private key in it',
    ],
    [
      { certFile: 'certificate.pem', keyFile: 'other-key.pem' },
      'tls has a certFile and a keyFile that do not belong together',
    ],
    [
      { certFile: 'certificate.pem', keyFile: 'locked-key.pem' },
      'tls names a keyFile that is damaged or has a passphrase',
    ],
    [{ caFile: 'damaged.pem' }, 'tls names a file with a damaged certificate'],
  ])('%j is a problem', (tls, problem) => {
    expect(check(tls).problems).toEqual([problem]);
  });

  it('warn of a key that others can read, and of certificates that are not checked', () => {
    expect(check({ certFile: 'certificate.pem', keyFile: 'open-key.pem', insecureSkipVerify: true }).warnings).toEqual([
      expect.stringMatching(/^tls\.keyFile can be read by other users/),
      expect.stringMatching(/^tls\.insecureSkipVerify is on/),
    ]);
  });

  it('are read as they are, and a missing one is an error without its path', () => {
    const at = (name: string): string => join(folder, name);
    expect(readTlsFiles({ insecureSkipVerify: true })).toEqual({ insecureSkipVerify: true });
    expect(
      readTlsFiles({
        caFile: at('certificate.pem'),
        keyFile: at('key.pem'),
        certFile: at('certificate.pem'),
        insecureSkipVerify: false,
      }),
    ).toEqual({ ca: certificate, cert: certificate, key, insecureSkipVerify: false });
    try {
      readTlsFiles({ caFile: at('missing.pem'), insecureSkipVerify: false });
      throw new Error('a missing file was read');
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).message).toBe('The caFile of this cluster cannot be read.');
    }
  });
});
