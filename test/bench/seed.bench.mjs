import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { median, percentile } from './measure.mjs';
import { atMost, gibibytes, ms, times, whole } from './verdict.mjs';

const bar = { rssBytes: 1.2 * 2 ** 30, parses: 3, blockedMs: 50 };
const waitMs = 120_000;
/** Of so many clusters the bytes are parsed, to know what parsing all of them takes. */
const sampled = 5;
const size = (isQuick) => (isQuick ? { clusters: 10, each: 1_000 } : { clusters: 100, each: 1_000 });

/** A large fleet in one process: what it takes to read it all, to hold it, and to answer from it. */
export const seed = {
  name: 'seed',
  title: 'A large fleet in one process',

  async run(stage, pace) {
    const { clusters, each } = size(pace.isQuick);
    const applications = clusters * each;
    const fleet = await stage.startQuietSimulators({ clusters, each });
    // All simulators share one process, so that none of them is as quick as a cluster of its own would be.
    const change = (config) =>
      (config.defaults = { limits: { timeoutMs: waitMs, streamHeaderMs: waitMs, streamIdleMs: waitMs } });
    const server = await stage.startServer(fleet, { change, isReady: () => true });
    // Its own start is not measured, only what follows: it listens before it has asked any cluster.
    await server.reset();
    const startedAt = performance.now();
    await untilComplete(server, applications);
    const seconds = (performance.now() - startedAt) / 1000;
    const { busyMs, cpuMs, blockedMs, peakRssBytes, rssBytes } = await server.read();

    const parse = await parsing(fleet.instances.slice(1, 1 + sampled));
    const parseMs = parse.ms * clusters;
    const row = atMost(`Seeding to \`JSON.parse\` of the same bytes`, busyMs / parseMs, bar.parses, times);
    const what = `${clusters} clusters of ${whole(each)} applications`;
    const asked = await questions(server, pace);
    return {
      about:
        `${what}, read by one process: from each cluster the stream with its snapshot and the list beside it. ` +
        'What counts is the time that its event loop was busy, not the time that the simulators took to answer.',
      rows: [
        atMost(`${what}: memory (RSS, at most)`, peakRssBytes, bar.rssBytes, gibibytes),
        row,
        atMost(`${what}: event loop blocked while seeding, at most`, blockedMs, bar.blockedMs, ms),
        ...asked.map(({ name, p99, barMs }) =>
          atMost(`${name} over ${whole(applications)} rows, HTTP included, p99`, p99, barMs, ms),
        ),
      ],
      tables: [
        {
          header: ['Answered anew, HTTP included', 'p50', 'p99'],
          rows: asked.map(({ name, p50, p99 }) => [name, ms(p50), ms(p99)]),
        },
      ],
      notes: [
        `${seconds.toFixed(1)} s in all with the simulators on the same machine; ${ms(busyMs / clusters)} for each cluster, ` +
          `in which \`JSON.parse\` of its ${whole(parse.bytes / 1024)} KiB takes ${ms(parse.ms)}.`,
        'All simulators share one process, so most of that time is waiting; looking over what is still missing meanwhile, and ' +
          'the questions of this bench, count as busy. The ratio is an upper bound, and no measure of the reading alone.',
        `${gibibytes(rssBytes)} when it has read everything; ${ms(cpuMs)} of all processors since its start.`,
      ],
      profiles: row.isMet
        ? []
        : [{ what: 'seeding', functions: await profileOf(stage, fleet, { change, clusters, applications }) }],
    };
  },
};

/** The same again with a profile, in another process, of a few clusters. */
async function profileOf(stage, fleet, { change, clusters, applications }) {
  const some = 10;
  const less = (config) => {
    change(config);
    config.clusters = config.clusters.slice(0, some);
  };
  const server = await stage.startServer(fleet, { change: less, isReady: () => true });
  return server.profile(() => untilComplete(server, (applications * Math.min(some, clusters)) / clusters));
}

async function untilComplete(server, applications) {
  const end = Date.now() + waitMs;
  let list;
  while (Date.now() < end) {
    list = await ask(server, '/api/v1/applications?limit=1');
    if (list.total === applications && list.unavailable.length === 0) return;
    // Seldom, since every question takes a little of what is measured.
    await delay(200);
  }
  throw new Error(
    `The fleet was not read within ${waitMs / 1000} s: ${list.total} rows, ${list.unavailable[0]?.message}`,
  );
}

/** What a cluster was asked for by ours, asked for again, and parsed frame by frame. */
async function parsing(instances) {
  const texts = [];
  for (const instance of instances) texts.push(await textsOf(instance));
  const rounds = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    for (const parts of texts) for (const part of parts) JSON.parse(part);
    return (performance.now() - startedAt) / texts.length;
  });
  const bytes = texts.flat().reduce((sum, text) => sum + text.length, 0) / texts.length;
  return { ms: median(rounds), bytes };
}

async function textsOf({ url, token, admin }) {
  const { requests } = await (await request(`${admin}/requests`)).body.json();
  const paths = requests.map(({ path }) => path);
  const headers = { authorization: `Bearer ${token}` };
  const list = paths.find((path) => path.startsWith('/api/v1/applications'));
  const stream = paths.find((path) => path.startsWith('/api/v1/stream/applications'));
  const listed = list ? await (await request(url + list, { headers })).body.text() : '{}';
  const count = JSON.parse(listed).items?.length ?? 0;
  const frames = [];
  const answer = await request(url + stream, { headers });
  let text = '';
  for await (const chunk of answer.body.setEncoding('utf8')) {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop();
    frames.push(...lines.filter((line) => line.includes('"result"')).map((line) => line.replace(/^data: ?/, '')));
    if (frames.length >= count) break;
  }
  return [listed, ...frames.slice(0, count)];
}

/** Questions that were not asked before, so that nothing is answered from what is kept. */
async function questions(server, { rounds, isQuick }) {
  const perRound = isQuick ? 30 : 100;
  let count = 0;
  const next = () => new Date(Date.UTC(2001, 0, 1) + ++count * 1000).toISOString();
  const kinds = [
    {
      name: 'list_applications, 20 most urgent',
      barMs: 25,
      path: () => `/api/v1/applications?lastSyncAfter=${next()}`,
    },
    { name: 'get_fleet_status', barMs: 25, path: () => `/api/v1/status?minutes=${1 + (++count % 1000)}` },
  ];
  const measured = [];
  for (const { name, barMs, path } of kinds) {
    const perRounds = [];
    for (let round = 0; round < rounds; round++) {
      const took = [];
      for (let i = 0; i < perRound; i++) {
        const startedAt = performance.now();
        await ask(server, path());
        took.push(performance.now() - startedAt);
      }
      perRounds.push({ p50: percentile(took, 0.5), p99: percentile(took, 0.99) });
    }
    const of = (key) => median(perRounds.map((round) => round[key]));
    measured.push({ name, barMs, p50: of('p50'), p99: of('p99') });
  }
  return measured;
}

async function ask({ origin }, path) {
  const answer = await request(origin + path);
  const body = await answer.body.json();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${JSON.stringify(body)}`);
  return body;
}
