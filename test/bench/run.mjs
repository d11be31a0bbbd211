import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/root.mjs';
import { cachedList } from './cached-list.bench.mjs';
import { measure } from './measure.mjs';
import { report } from './report.mjs';
import { Stage } from './stage.mjs';

/**
 * `npm run bench`: starts simulators and the built server, measures each bench against its floor, prints a table and
 * writes docs/benchmarks.md. Nothing is asserted here: a machine that is busy makes no test fail.
 */
const benches = [cachedList];

const stage = new Stage();
process.once('SIGINT', () => void stage.close().then(() => process.exit(130)));
try {
  const results = [];
  for (const bench of benches) {
    console.error(`${bench.title} ...`);
    results.push({ bench, ...(await measure(await bench.prepare(stage))) });
  }
  const text = report(results);
  writeFileSync(join(root, 'docs', 'benchmarks.md'), text);
  console.log(text);
} finally {
  await stage.close();
}
