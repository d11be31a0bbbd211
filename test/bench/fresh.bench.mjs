import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { median } from './measure.mjs';
import { atMost, atLeast, ms, whole } from './verdict.mjs';

const clusters = 50;
const applications = 500;
const deadlineMs = 1_000;
const bar = { overMs: 50, moreMs: 10 };
const perRound = 10;
const json = { 'content-type': 'application/json' };

/** A question that goes to every cluster, one of which takes requests and never answers. */
export const fresh = {
  name: 'fresh',
  title: 'Asked live, with one cluster that hangs',

  async run(stage, { rounds }) {
    const fleet = await stage.startSimulators({ clusters, applications });
    const server = await stage.startServer(fleet, {
      change: (config) => (config.defaults = { limits: { timeoutMs: deadlineMs } }),
    });
    const sick = fleet.instances[Math.floor(clusters / 2)];
    const all = () => ask(server, 'fresh=true&limit=1');
    const others = () => ask(server, `fresh=true&limit=1&cluster=!${sick.cluster}`);
    await all();

    const hung = [];
    for (let round = 0; round < rounds; round++) {
      await fault(sick, { kind: 'hang' });
      hung.push(await all());
      await healthy(sick, all);
    }

    await fault(sick, { kind: 'hang' });
    // So often until its breaker has opened: then those that answer are all that is waited for.
    for (let i = 0; i < 20; i++) if ((await all()).ms < deadlineMs / 2) break;
    const differences = [];
    const open = [];
    for (let round = 0; round < rounds; round++) {
      const [withIt, without] = [[], []];
      for (let i = 0; i < perRound; i++) {
        without.push((await others()).ms);
        const answer = await all();
        // Half open it is asked once more, and that one call waits for it.
        if (answer.ms < deadlineMs / 2) withIt.push(answer.ms);
      }
      differences.push(median(withIt) - median(without));
      open.push({ with: median(withIt), without: median(without) });
    }

    const tookMs = median(hung.map((answer) => answer.ms));
    const answered = Math.min(...hung.map((answer) => answer.answered));
    const of = (key) => median(open.map((round) => round[key]));
    const what = `\`fresh\` over ${clusters} clusters, 1 hung`;
    return {
      about: `\`GET /api/v1/applications?fresh=true\` over ${clusters} clusters of 10 applications, with a deadline of ${whole(deadlineMs)} ms.`,
      rows: [
        atMost(`${what}: beyond the deadline`, tookMs - deadlineMs, bar.overMs, ms),
        atLeast(`${what}: clusters that have answered`, answered, clusters - 1, whole),
        atMost(`${what}, its breaker open: more than without it`, median(differences), bar.moreMs, ms),
      ],
      notes: [
        `${ms(tookMs)} with one that hangs; with its breaker open ${ms(of('with'))}, and ${ms(of('without'))} when it is not asked for.`,
      ],
    };
  },
};

async function ask({ origin }, query) {
  const startedAt = performance.now();
  const answer = await request(`${origin}/api/v1/applications?${query}`);
  const list = await answer.body.json();
  const took = performance.now() - startedAt;
  if (answer.statusCode !== 200) throw new Error(`fresh answered ${JSON.stringify(list)}`);
  return { ms: took, answered: clusters - list.unavailable.length - (list.unavailableOmitted ?? 0) };
}

async function fault({ admin }, body) {
  const answer = await request(`${admin}/faults`, { method: 'POST', headers: json, body: JSON.stringify(body) });
  await answer.body.dump();
}

async function healthy({ admin }, all) {
  const answer = await request(`${admin}/faults`, { method: 'DELETE', headers: json });
  await answer.body.dump();
  for (let i = 0; i < 100; i++) {
    if ((await all()).answered === clusters) return;
    await delay(100);
  }
  throw new Error('The cluster did not come back.');
}
