import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { FACTS } from './behaviour.js';
import { Bench } from './bench.js';

/** Run by `npm run verify:argocd`, which checks that these are set. */
const { ARGOCD_TEST_URL = '', ARGOCD_TEST_TOKEN = '', ARGOCD_TEST_REPO = '', ARGOCD_TEST_READER_TOKEN } = process.env;

describe('the Argo CD at ARGOCD_TEST_URL', () => {
  const bench = new Bench({
    url: ARGOCD_TEST_URL,
    token: ARGOCD_TEST_TOKEN,
    repo: ARGOCD_TEST_REPO,
    ...(ARGOCD_TEST_READER_TOKEN ? { readerToken: () => ARGOCD_TEST_READER_TOKEN } : {}),
  });

  beforeAll(() => bench.prepare());
  afterAll(() => bench.dispose(), 300_000);

  for (const { name, needsReader, check } of FACTS) {
    if (needsReader && !ARGOCD_TEST_READER_TOKEN) it.skip(`${name} (needs ARGOCD_TEST_READER_TOKEN)`, () => undefined);
    else it(name, () => check(bench), 300_000);
  }
});
