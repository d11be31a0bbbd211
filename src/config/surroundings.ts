import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, resolve } from 'node:path';
import type { Path } from './config-error.js';
import type { Explained } from './explain-issues.js';
import { block, entries } from './raw-file.js';
import { readableByOthers, readSecretFile, SecretFileError } from './secret-file.js';
import { readSecret } from './secret-value.js';
import { redisAddressPattern, redisSource, tokenSource } from './source-schema.js';
import type { Steps } from './steps.js';
import { checkTlsFiles } from './tls-check.js';
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
export function* checkSurroundings(root: unknown, surroundings: Surroundings): Steps<Findings> {
  const findings: Findings = { problems: [], warnings: [] };
  const check = new SurroundingsCheck(surroundings, findings);
  const { baseDir } = surroundings;
  const file = block(root);
  for (const { value, path } of entries(file['clusters'], ['clusters'])) {
    const token = tokenSource.safeParse(value['token']);
    if (token.success) check.source(token.data, [...path, 'token'], 'token');
    checkTlsFiles(value['tls'], [...path, 'tls'], baseDir, findings);
    yield;
  }
  checkTlsFiles(block(file['defaults'])['tls'], ['defaults', 'tls'], baseDir, findings);
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

  private fromEnv(name: string, path: Path): string | undefined {
    const value = this.surroundings.env[name];
    const read = value === undefined ? { problem: 'is not set' } : readSecret(value);
    if ('secret' in read) return read.secret;
    // What looks like a token that was put here by mistake is not repeated.
    const isName = name.length <= 32 || /^[A-Z0-9_]+$/.test(name);
    this.problem(
      path,
      `names ${isName ? `the environment variable ${name}, which` : 'an environment variable that'} ${read.problem}`,
    );
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

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
