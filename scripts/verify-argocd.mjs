import { spawnSync } from 'node:child_process';
import { root } from './root.mjs';

/** `npm run verify:argocd`: holds a real Argo CD to what the client relies on. What it needs: test/real/README.md. */
const missing = ['ARGOCD_TEST_URL', 'ARGOCD_TEST_TOKEN', 'ARGOCD_TEST_REPO'].filter((name) => !process.env[name]);
if (missing.length > 0) {
  console.error(`Set ${missing.join(', ')}: see test/real/README.md.`);
  process.exit(2);
}

const jest = ['node_modules/jest/bin/jest.js', '--config', 'test/truth/verify.jest.config.js', '--runInBand'];
const { status } = spawnSync(process.execPath, ['--experimental-vm-modules', ...jest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
