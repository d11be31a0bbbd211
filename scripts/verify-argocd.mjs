// Holds the behaviour that we rely on against a real Argo CD. See test/real/README.md.
import { spawn } from 'node:child_process';
import { root } from './root.mjs';

const needed = {
  ARGOCD_TEST_URL: 'base address of the Argo CD, root path included',
  ARGOCD_TEST_TOKEN: 'token of an account that may make projects and applications',
  ARGOCD_TEST_REPO: 'Git URL that this Argo CD can read, holding what test/real/repository holds',
};
const missing = Object.entries(needed).filter(([name]) => !process.env[name]);

if (missing.length > 0) {
  console.error('npm run verify:argocd needs a real Argo CD. Not set:');
  for (const [name, meaning] of missing) console.error(`  ${name}  ${meaning}`);
  console.error('test/real/README.md tells how to prepare one.');
  process.exit(2);
}

const jest = [
  '--experimental-vm-modules',
  'node_modules/jest/bin/jest.js',
  '--runInBand',
  '--config',
  'test/truth/verify.jest.config.js',
];
const child = spawn(process.execPath, [...jest, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
