import { Pool } from 'undici';

const rounds = 5;
const warmUpMs = 1_500;
const roundMs = 3_000;

/**
 * Measures a bench and its floor in turns, so that what else the machine does hits both alike. Of each number the median
 * of the rounds counts; the ratio is taken within each round first.
 */
export async function measure({ ours, floor, connections, bodyBytes }) {
  const pools = {
    ours: new Pool(ours.origin, { connections, pipelining: 1 }),
    floor: new Pool(floor.origin, { connections, pipelining: 1 }),
  };
  try {
    await load(pools.floor, floor, connections, warmUpMs);
    await load(pools.ours, ours, connections, warmUpMs);
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      const atFloor = await load(pools.floor, floor, connections, roundMs);
      const atOurs = await load(pools.ours, ours, connections, roundMs);
      measured.push({ floor: atFloor, ours: atOurs, ratio: atOurs.perSecond / atFloor.perSecond });
    }
    return {
      bodyBytes,
      ratio: median(measured.map((round) => round.ratio)),
      ours: medians(measured.map((round) => round.ours)),
      floor: medians(measured.map((round) => round.floor)),
    };
  } finally {
    await Promise.all([pools.ours.close(), pools.floor.close()]);
  }
}

/** Keeps `connections` requests under way for so long; an answer other than 200 ends the bench. */
async function load(pool, { path, method, headers, body }, connections, durationMs) {
  const latencies = [];
  const started = process.hrtime.bigint();
  const end = started + BigInt(durationMs) * 1_000_000n;
  const worker = async () => {
    for (let now = process.hrtime.bigint(); now < end;) {
      const answer = await pool.request({ path, method, headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`${method} ${path} answered ${answer.statusCode}.`);
      const after = process.hrtime.bigint();
      latencies.push(Number(after - now) / 1e6);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)],
    p99Ms: latencies[Math.floor(latencies.length * 0.99)],
  };
}

function medians(results) {
  const of = (key) => median(results.map((result) => result[key]));
  return { perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms') };
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
