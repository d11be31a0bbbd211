import { load } from './load.mjs';

/** How long things run; `--quick` is for whoever changes a bench. */
export const pace = (isQuick) =>
  isQuick
    ? { isQuick, rounds: 3, warmUpMs: 500, roundMs: 500 }
    : { isQuick, rounds: 5, warmUpMs: 1_500, roundMs: 1_500 };

/**
 * Measures requests to ours and to its floor in turns, so that what else the machine does hits both alike. Of each number
 * the median of the rounds counts; the ratio is taken within each round first.
 */
export async function inTurns({ ours, floor, connections, rounds, warmUpMs, roundMs }) {
  await load(floor, connections, warmUpMs);
  await load(ours, connections, warmUpMs);
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    const atFloor = await load(floor, connections, roundMs);
    const atOurs = await load(ours, connections, roundMs);
    measured.push({ floor: atFloor, ours: atOurs, ratio: atOurs.perSecond / atFloor.perSecond });
  }
  return {
    ratio: median(measured.map((round) => round.ratio)),
    ours: medians(measured.map((round) => round.ours)),
    floor: medians(measured.map((round) => round.floor)),
  };
}

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** The smallest number that so large a part (0.99) of them is not above. */
export function percentile(numbers, part) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

function medians(results) {
  return Object.fromEntries(Object.keys(results[0]).map((key) => [key, median(results.map((result) => result[key]))]));
}
