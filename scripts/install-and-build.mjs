import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { root } from './root.mjs';

/**
 * Installs the dependencies and builds `dist`, each only if it is not up to date. With nothing to do it reads, hashes
 * and returns. Two at once wait for each other, and one that is killed half way leaves nothing that passes for done:
 * npm writes its list of installed packages last, and `dist` is moved into place whole.
 */
export async function installAndBuild() {
  if (isInstalled() && isBuilt()) return;
  await withLock(join(root, '.cache', 'ensure.lock'), async () => {
    if (!isInstalled()) await install();
    if (!isBuilt()) await build();
  });
}

/** True if npm's own list of what it installed holds every package of the lock file, in the same version. */
function isInstalled() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const locked = readPackages(join(root, 'package-lock.json'));
  if (!locked) throw new Error('package-lock.json is missing: this is not a complete clone.');
  if (!installed) return false;
  return Object.entries(locked).every(
    ([path, entry]) => path === '' || entry.optional || (installed[path] && installed[path].version === entry.version),
  );
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function install() {
  console.error('Installing dependencies (npm ci) ...');
  // npm names itself to the scripts it runs; without npm around us, PATH has one.
  const npm = process.env.npm_execpath ?? '';
  const [command, first] = npm.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
  await run(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci');
}

const stampFile = join(root, 'dist', '.stamp');

function isBuilt() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === sourceHash();
}

/** A hash of all that a build depends on; times of files say nothing after a checkout. */
function sourceHash() {
  const hash = createHash('sha256');
  const add = (path) =>
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  for (const path of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json']) add(path);
  readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|json)$/.test(entry.name) && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
    .forEach(add);
  return hash.digest('hex');
}

async function build() {
  console.error('Building dist (tsc) ...');
  const before = sourceHash();
  const cache = join(root, '.cache');
  const fresh = join(cache, `build-${process.pid}`);
  const old = join(cache, `build-${process.pid}-old`);
  mkdirSync(cache, { recursive: true });
  rmSync(fresh, { recursive: true, force: true });
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], 'The build');
    writeFileSync(join(fresh, '.stamp'), before);
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(fresh, join(root, 'dist'));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

function run(command, args, what) {
  return new Promise((resolve, reject) => {
    // What the tools print goes to stderr: the command that follows owns stdout.
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', process.stderr, 'inherit'] });
    child.once('error', (error) => reject(new Error(`${what} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${what} failed (${signal ?? `exit code ${code}`}); see above.`)),
    );
  });
}
