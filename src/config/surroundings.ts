import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, resolve } from 'node:path';
import type { Path } from './config-error.js';
import type { Explained } from './explain-issues.js';
import { block, entries } from './raw-file.js';
import { codeOf, isOpenToOthers, readSecretFile, SecretFileError } from './secret-file.js';
import { readSecret } from './secret-value.js';
import { redisAddressPattern, redisSource, tokenSource } from './source-schema.js';
import { expiryOf } from './token-expiry.js';

/** What the machine must have for the configuration to work. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Relative paths are relative to this. */
  baseDir: string;
  now: Date;
}

export interface Findings {
  problems: Explained[];
  warnings: Explained[];
}

type Source = { env: string } | { file: string } | { command: string[] };

/**
 * Looks for every variable, file and program that the configuration names, so that what is missing is told at the start
 * and all at once. Runs no program and contacts nobody. Works on the value as it was written.
 */
export function checkSurroundings(root: unknown, surroundings: Surroundings): Findings {
  const findings: Findings = { problems: [], warnings: [] };
  const check = new SurroundingsCheck(surroundings, findings);
  const file = block(root);
  for (const { value, path } of entries(file['clusters'], ['clusters'])) {
    const token = tokenSource.safeParse(value['token']);
    if (token.success) check.source(token.data, [...path, 'token'], 'token');
    check.tls(value['tls'], [...path, 'tls']);
  }
  check.tls(block(file['defaults'])['tls'], ['defaults', 'tls']);
  for (const field of ['cache', 'queue']) {
    const source = redisSource.safeParse(block(file['redis'])[field]);
    if (source.success && typeof source.data !== 'string') check.source(source.data, ['redis', field], 'redis');
  }
  return findings;
}

class SurroundingsCheck {
  constructor(
    private readonly surroundings: Surroundings,
    private readonly findings: Findings,
  ) {}

  source(source: Source, path: Path, kind: 'token' | 'redis'): void {
    if ('command' in source) {
      const program = source.command[0] ?? '';
      if (!this.canRun(program)) this.problem([...path, 'command', 0], 'is no program that can be run here');
      return;
    }
    const secret =
      'env' in source ? this.fromEnv(source.env, [...path, 'env']) : this.fromFile(source.file, [...path, 'file']);
    if (secret === undefined) return;
    if (kind === 'redis' && !redisAddressPattern.test(secret)) {
      this.problem(path, 'leads to something that is no address such as redis://host:6379/0');
    }
    const expiry = kind === 'token' ? expiryOf(secret) : undefined;
    if (expiry && expiry <= this.surroundings.now) {
      this.warning(path, `leads to a token that expired at ${expiry.toISOString()}; make a new one in Argo CD`);
    }
  }

  tls(value: unknown, path: Path): void {
    const tls = block(value);
    const pem = { caFile: 'CERTIFICATE', certFile: 'CERTIFICATE', keyFile: 'PRIVATE KEY' };
    for (const [field, kind] of Object.entries(pem)) {
      const name = tls[field];
      if (typeof name !== 'string' || name === '' || name.includes('\0')) continue;
      const file = this.resolve(name);
      try {
        const stats = statSync(file);
        if (!stats.isFile()) this.problem([...path, field], 'is not a regular file');
        else if (stats.size > 1024 * 1024) this.problem([...path, field], 'is larger than 1 MiB');
        else if (!new RegExp(`-----BEGIN [A-Z0-9 ]*${kind}-----`).test(readFileSync(file, 'latin1'))) {
          this.problem([...path, field], `is no PEM file with a ${kind.toLowerCase()} in it`);
        } else if (field === 'keyFile' && isOpenToOthers(stats.mode)) this.warning([...path, field], readableByOthers);
      } catch (error) {
        this.problem([...path, field], `cannot be read (${codeOf(error)})`);
      }
    }
    if (tls['insecureSkipVerify'] === true) {
      this.warning(
        [...path, 'insecureSkipVerify'],
        'is on: whoever is between this server and Argo CD can read the token',
      );
    }
  }

  private fromEnv(name: string, path: Path): string | undefined {
    const value = this.surroundings.env[name];
    if (value === undefined) {
      this.problem(path, `names the environment variable ${name}, which is not set`);
      return undefined;
    }
    const read = readSecret(value);
    if ('secret' in read) return read.secret;
    this.problem(path, `names the environment variable ${name}, which ${read.problem}`);
    return undefined;
  }

  private fromFile(file: string, path: Path): string | undefined {
    try {
      const { secret, isReadableByOthers } = readSecretFile(this.resolve(file));
      if (isReadableByOthers) this.warning(path, readableByOthers);
      return secret;
    } catch (error) {
      this.problem(path, `names a file that ${error instanceof SecretFileError ? error.message : 'cannot be read'}`);
      return undefined;
    }
  }

  private canRun(program: string): boolean {
    const { env, baseDir } = this.surroundings;
    const isPath = program.includes('/') || isAbsolute(program);
    const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
    const candidates = isPath ? [resolve(baseDir, program)] : folders.map((folder) => resolve(folder, program));
    return program !== '' && candidates.some(isExecutable);
  }

  private resolve(file: string): string {
    return resolve(this.surroundings.baseDir, file);
  }

  private problem(path: Path, message: string): void {
    this.findings.problems.push({ path, message });
  }

  private warning(path: Path, message: string): void {
    this.findings.warnings.push({ path, message });
  }
}

export const readableByOthers = 'can be read by other users of this machine; restrict it (chmod 600)';

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
