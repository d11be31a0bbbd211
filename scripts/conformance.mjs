import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { root } from './root.mjs';

/**
 * `npm run conformance`: the official MCP suite, for both revisions, against the product's endpoint over everything the
 * suite asks for (test/conformance/everything.mjs), and against the product itself in the scenarios that need nothing
 * but a server. Expected failures and their reasons: test/conformance/expected-failures.yml.
 */
const suiteVersion = '0.2.0-alpha.12';
const newerNode = 24;
const cache = join(root, '.cache', 'conformance');
const results = join(cache, 'results');
const legacy = '2025-11-25';
const modern = '2026-07-28';

/** Run by the suite for a revision beyond what it requires, and held to here too. */
const alsoHeldTo = {
  [legacy]: ['json-schema-2020-12'],
  [modern]: ['json-schema-2020-12', 'http-header-validation', 'http-custom-header-server-validation'],
};

/** Scenarios that a server passes without tools made for the suite. */
const productScenarios = {
  [legacy]: ['server-initialize', 'ping', 'tools-list', 'server-sse-multiple-streams', 'dns-rebinding-protection'],
  [modern]: [
    'server-stateless',
    'tools-list',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
    'http-header-validation',
    'http-custom-header-server-validation',
    'input-required-result-unsupported-methods',
  ],
};

const expected = parse(readFileSync(join(root, 'test', 'conformance', 'expected-failures.yml'), 'utf8'));
const sum = { passed: 0, failed: 0, expected: 0 };
const servers = [];

try {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const suite = await installSuite();
  const [everything, product] = await Promise.all([startEverything(), startProduct()]);
  // One after the other: some checks wait for half a second and no longer.
  for (const revision of [legacy, modern]) {
    const scenarios = [...requiredBy(suite, revision), ...alsoHeldTo[revision]];
    await judge(suite, everything, 'everything', revision, scenarios);
    await judge(suite, product, 'product', revision, productScenarios[revision]);
  }
} catch (error) {
  sum.failed++;
  console.error(`The conformance suite could not be run: ${error.message}`);
} finally {
  for (const server of servers) server.kill('SIGTERM');
}
if (sum.expected > 0) console.log(`${sum.expected} failed as expected, see test/conformance/expected-failures.yml`);
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed > 0 ? 1 : 0);

/** The suite and, if this Node is too old for it, a newer one: in a cache folder, outside of the project's packages. */
async function installSuite() {
  const isNewEnough = Number(process.versions.node.split('.')[0]) >= 22;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const nodePackage = `node-${platform}-${process.arch}`;
  const nodeBinary = join(cache, 'node_modules', nodePackage, 'bin', platform === 'win' ? 'node.exe' : 'node');
  const suiteFolder = join(cache, 'node_modules', '@modelcontextprotocol', 'conformance');
  const wanted = [`@modelcontextprotocol/conformance@${suiteVersion}`];
  if (!isNewEnough) wanted.push(`${nodePackage}@${newerNode}`);
  const isThere = installedVersion(suiteFolder) === suiteVersion && (isNewEnough || existsSync(nodeBinary));
  if (!isThere) {
    console.error(`Fetching ${wanted.join(' and ')} into .cache/conformance ...`);
    // A manifest of its own keeps npm from climbing up into the project.
    writeFileSync(join(cache, 'package.json'), '{"private": true}\n');
    await run('npm', [
      ...['install', '--prefix', cache, '--no-save', '--no-package-lock', '--ignore-scripts'],
      ...['--no-audit', '--no-fund', '--loglevel=error', ...wanted],
    ]);
  }
  return { node: isNewEnough ? process.execPath : nodeBinary, folder: suiteFolder };
}

function installedVersion(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

async function startEverything() {
  const origin = await start([join(root, 'test', 'conformance', 'everything-server.mjs')], (line) =>
    line.startsWith('http://') ? line : undefined,
  );
  return `${origin}/mcp`;
}

/** The real server. Its one cluster does not exist: no scenario needs it, and boot contacts nobody. */
async function startProduct() {
  const config = join(cache, 'fleet.yaml');
  const clusters = [{ name: 'nowhere', url: 'http://127.0.0.1:9', token: { env: 'NOWHERE_TOKEN' } }];
  writeFileSync(config, stringify({ server: { host: '127.0.0.1', port: 0 }, clusters }));
  const main = join(root, 'dist', 'cli', 'main.js');
  const origin = await start([main, 'serve', '--config', config], (line) => {
    if (!line.startsWith('{')) return undefined;
    const { msg, url } = JSON.parse(line);
    return msg === 'listening' ? url : undefined;
  });
  return new URL('/mcp', origin).href;
}

/** Starts a server and resolves with what `find` sees in a line that it prints. */
function start(args, find) {
  const env = { ...process.env, NOWHERE_TOKEN: 'none' };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  servers.push(child);
  let printed = '';
  return new Promise((resolve, reject) => {
    const giveUp = (why) => reject(new Error(`${args[0].slice(root.length + 1)} ${why}:\n${printed.slice(-2000)}`));
    const timer = setTimeout(() => giveUp('did not listen within 30 s'), 30_000);
    child.once('exit', (code) => giveUp(`ended with exit code ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk) => {
        printed = (printed + chunk).slice(-10_000);
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        const found = lines.map(find).find((origin) => origin !== undefined);
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
    }
  });
}

/** Scenarios that a revision requires of a server. */
function requiredBy(suite, revision) {
  return parse(readFileSync(join(suite.folder, 'requirements', `${revision}.yaml`), 'utf8')).server;
}

/**
 * Runs all scenarios of a revision at once and adds up the checks of those that count. One that fails unexpectedly gets
 * another chance by itself, because a busy machine is late; that it needed one is told.
 */
async function judge(suite, url, target, revision, scenarios) {
  const reasons = reasonsFor(target, revision);
  const all = await runSuite(suite, url, join(target, revision), ['--requirements', revision]);
  const met = new Set();
  for (const scenario of scenarios) {
    let verdict = verdictOn(scenario, all, reasons);
    const isSecond = verdict.unexpected.length > 0;
    if (isSecond) {
      const selection = ['--scenario', scenario, '--spec-version', revision];
      verdict = verdictOn(scenario, await runSuite(suite, url, join(target, revision, 'again'), selection), reasons);
    }
    for (const entry of verdict.met) met.add(entry);
    sum.passed += verdict.passed;
    sum.failed += verdict.unexpected.length;
    sum.expected += verdict.met.length;
    const mark = verdict.unexpected.length > 0 ? '✗' : '✓';
    const foreseen = verdict.met.length > 0 ? `, ${verdict.met.length} failed as expected` : '';
    const counts = `${verdict.passed} passed, ${verdict.unexpected.length} failed${foreseen}`;
    console.log(`${mark} ${target} ${revision} ${scenario}: ${counts}${isSecond ? ' (second try)' : ''}`);
    for (const note of [...verdict.unexpected, ...verdict.warnings]) console.log(`    ${note}`);
  }
  for (const entry of Object.keys(reasons).filter((each) => !met.has(each))) {
    sum.failed++;
    console.log(`✗ ${target} ${revision}: ${entry} does not fail any more: take it out of the expected failures`);
  }
}

/** The checks of each scenario, from folders named `server-<scenario>-<time>`; and what was printed. */
async function runSuite(suite, url, name, selection) {
  const output = join(results, name);
  rmSync(output, { recursive: true, force: true });
  const main = join(suite.folder, 'dist', 'index.js');
  const { printed } = await spawnQuietly(suite.node, [main, 'server', '--url', url, '-o', output, ...selection]);
  const checks = new Map();
  for (const folder of existsSync(output) ? readdirSync(output) : []) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(folder)?.[1];
    const file = join(output, folder, 'checks.json');
    if (scenario && existsSync(file)) checks.set(scenario, JSON.parse(readFileSync(file, 'utf8')));
  }
  return { checks, printed };
}

function verdictOn(scenario, { checks, printed }, reasons) {
  const all = checks.get(scenario);
  if (!all) {
    const told = printed.trim().split('\n').slice(-5).join('\n    ');
    return { passed: 0, met: [], warnings: [], unexpected: [`did not run: ${told}`] };
  }
  const of = (status) => all.filter((check) => check.status === status);
  const entryFor = ({ id }) => [scenario, `${scenario}:${id}`].find((entry) => entry in reasons);
  const tell = ({ id, errorMessage, description }) => `${id}: ${errorMessage ?? description}`;
  const unexpected = of('FAILURE').filter((check) => !entryFor(check));
  return {
    passed: of('SUCCESS').length,
    met: of('FAILURE').map(entryFor).filter(Boolean),
    unexpected: unexpected.map(tell),
    warnings: of('WARNING').map(tell),
  };
}

function reasonsFor(target, revision) {
  const reasons = expected[target]?.[revision] ?? {};
  for (const [entry, reason] of Object.entries(reasons)) {
    if (typeof reason !== 'string' || reason.trim().length < 20)
      throw new Error(`${entry} is expected to fail without a reason`);
  }
  return reasons;
}

function spawnQuietly(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: cache, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => (printed = (printed + chunk).slice(-20_000)));
    }
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, printed }));
  });
}

async function run(command, args) {
  const { code, printed } = await spawnQuietly(command, args);
  if (code !== 0) throw new Error(`${command} failed with exit code ${code}:\n${printed.slice(-2000)}`);
}
