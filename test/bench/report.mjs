import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

/** docs/benchmarks.md */
export function report(results) {
  const rows = results.flatMap(({ bench, ratio, ours, floor, bodyBytes }) => [
    [bench.title, whole(ours.perSecond), ms(ours.p50Ms), ms(ours.p99Ms), ratio.toFixed(2)],
    [`floor: ${bench.floor}`, whole(floor.perSecond), ms(floor.p50Ms), ms(floor.p99Ms), '1'],
    [`(${bench.connections} connections, ${whole(bodyBytes)} bytes per answer)`, '', '', '', ''],
  ]);
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`. -->',
    '',
    'Each bench runs in turns with its floor, the least work that could answer the same bytes. The ratio to the floor says',
    'what the server costs; requests per second also say how fast the machine is, and on one machine the load generator',
    'takes its share of it. Every number is the median of five rounds.',
    '',
    '| Bench | Requests per second | p50 | p99 | Ratio to floor |',
    '| --- | --: | --: | --: | --: |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `Machine: ${machine()}.`,
    '',
  ].join('\n');
}

function machine() {
  const cores = availableParallelism();
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

const whole = (number) => Math.round(number).toLocaleString('en-US');
const ms = (number) => `${number.toFixed(2)} ms`;
