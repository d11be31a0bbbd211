import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/root.mjs';
import { cachedList } from './cached-list.bench.mjs';
import { fresh } from './fresh.bench.mjs';
import { mcpCall } from './mcp-call.bench.mjs';
import { pace } from './measure.mjs';
import { queries } from './queries.bench.mjs';
import { replicas } from './replicas.bench.mjs';
import { report } from './report.mjs';
import { rival } from './rival.bench.mjs';
import { seed } from './seed.bench.mjs';
import { Stage } from './stage.mjs';
import { toolsList } from './tools-list.bench.mjs';

/**
 * `npm run bench`: measures everything that is promised about speed, prints it and writes docs/benchmarks.md. Nothing is
 * asserted here: a machine that is busy makes no test fail.
 *
 * `npm run bench -- --only NAME` measures one (again and again: several) and `--quick` everything with short rounds; both
 * only print.
 */
const benches = [cachedList, mcpCall, rival, seed, queries, replicas, fresh, toolsList];

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true, default: [] }, quick: { type: 'boolean', default: false } },
});
const { only, quick } = values;
const unknown = only.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}: ${benches.map(({ name }) => name).join(', ')}.`);
  process.exit(1);
}

let stage;
process.once('SIGINT', () => void stage?.close().then(() => process.exit(130)));
const results = [];
for (const bench of benches.filter(({ name }) => only.length === 0 || only.includes(name))) {
  console.error(`${bench.title} ...`);
  stage = new Stage();
  try {
    results.push({ title: bench.title, ...(await bench.run(stage, pace(quick))) });
  } catch (error) {
    // The others are measured all the same; what could not be is not hidden.
    console.error(error);
    const [line] = error.message.split('\n');
    const rows = [{ what: bench.title, bar: 'to be measured', measured: 'not measured', isMet: false }];
    results.push({ title: bench.title, rows, notes: [`Not measured: ${line}`] });
  } finally {
    await stage.close();
  }
}
const text = report(results);
if (only.length === 0 && !quick) writeFileSync(join(root, 'docs', 'benchmarks.md'), text);
console.log(text);
