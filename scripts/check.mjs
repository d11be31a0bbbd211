import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from './root.mjs';

/**
 * `npm run check`, and with --e2e `npm test`: everything runs, also after a failure, so that one run shows all there is
 * to repair. The last line sums up: each check counts as one, each test of jest as one.
 */
const bin = (name) => join(root, 'node_modules', name);
const node = process.execPath;
const endAfterMs = 30_000;

const checks = [
  { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'] },
  { name: 'lint', args: [bin('eslint/bin/eslint.js'), '--max-warnings=0', '.'] },
  { name: 'types', args: [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'] },
  {
    name: 'layers',
    args: [bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.mjs', 'src', 'test'],
  },
  { name: 'tree', args: [join(root, 'scripts', 'tree.mjs')] },
  { name: 'generated', args: [join(root, 'scripts', 'generate.mjs'), '--check'] },
];

const suites = [{ name: 'unit', args: [`--maxWorkers=${Math.min(availableParallelism(), 4)}`] }];
if (process.argv.includes('--e2e')) suites.push({ name: 'e2e', args: ['--runInBand'] });

const sum = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

await runChecks();
for (const suite of suites) await runSuite(suite);

if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed > 0 ? 1 : 0;

/** Two or more at once; what one prints stays together. */
async function runChecks() {
  const waiting = [...checks];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const started = Date.now();
      const { ok, output } = await run(check.args, { isQuiet: true });
      record(check.name, ok);
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${check.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      if (!ok) console.log(output.trimEnd().replace(/^/gm, '  '));
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 3) }, worker));
}

/** Jest prints for people on stderr; the numbers come from the file that it writes. */
async function runSuite({ name, args }) {
  const folder = join(root, '.cache', 'test');
  const outputFile = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(outputFile, { force: true });
  console.log(`\n${name} tests`);
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', bin('jest/bin/jest.js')];
  const { ok } = await run([...jest, '--selectProjects', name, '--json', `--outputFile=${outputFile}`, ...args], {
    isQuiet: false,
    isDone: () => existsSync(outputFile),
  });
  const result = readResult(outputFile);
  sum.passed += result.numPassedTests;
  sum.skipped += result.numPendingTests + result.numTodoTests;
  // A file that cannot be loaded has no tests to count, yet it failed.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  sum.failed += ok ? failed : Math.max(failed, 1);
  if (!ok || failed > 0) failures.push(name);
}

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { numPassedTests: 0, numPendingTests: 0, numTodoTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
  }
}

function record(name, ok) {
  sum[ok ? 'passed' : 'failed'] += 1;
  if (!ok) failures.push(name);
}

/**
 * Runs a program. One that has written its result and does not end (a test left something open) is ended and has failed:
 * a run that hangs tells nobody anything.
 */
function run(args, { isQuiet, isDone = () => false }) {
  return new Promise((resolve) => {
    // Under --json jest repeats its result on stdout, which nobody wants to read.
    const child = spawn(node, args, {
      cwd: root,
      stdio: ['ignore', isQuiet ? 'pipe' : 'ignore', isQuiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (data) => (output += data));
    child.stderr?.on('data', (data) => (output += data));
    let doneAt;
    const watch = setInterval(() => {
      if (!isDone()) return;
      doneAt ??= Date.now();
      if (Date.now() - doneAt < endAfterMs) return;
      console.error('It does not end: a test has left something open.');
      child.kill('SIGKILL');
    }, 1_000);
    const end = (result) => {
      clearInterval(watch);
      resolve(result);
    };
    child.once('error', (error) => end({ ok: false, output: error.message }));
    child.once('close', (code) => end({ ok: code === 0, output }));
  });
}
