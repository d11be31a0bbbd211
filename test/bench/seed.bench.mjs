import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { fromDist } from '../../scripts/generated/from-dist.mjs';
import { median, percentile } from './measure.mjs';
import { atMost, gibibytes, ms, times, whole } from './verdict.mjs';

const bar = { rssBytes: 1.2 * 2 ** 30, parses: 3, blockedMs: 50 };
const waitMs = 60_000;
const size = (isQuick) => (isQuick ? { clusters: 10, each: 1_000 } : { clusters: 100, each: 1_000 });
/** Asked of every cluster from time to time; whoever looks only until the rows are there does not see it. */
const pulse = '/api/v1/account/can-i/applications/get/*/*';
/** A list that looks for lost changes, some time after the first. */
const relist = (fields) => `/api/v1/applications?fields=${encodeURIComponent(fields.join(','))}`;
/** What is done is done when the server uses less than this part of a processor for so long. */
const quiet = { part: 0.1, ms: 1_000 };
const lookEveryMs = 200;
/** How long a server that has read everything is looked at, to know what it does anyway. */
const idleMs = 3_000;
const profiledQuestions = 200;
/** A server that is profiled is never at rest: it is looked at for as long as reading may take. */
const profiledMs = 15_000;

/** A large fleet in one process: what it takes to read it all, to hold it, and to answer from it. */
export const seed = {
  name: 'seed',
  title: 'A large fleet in one process',

  async run(stage, pace) {
    const { clusters, each } = size(pace.isQuick);
    const applications = clusters * each;
    const what = `${clusters} clusters of ${whole(each)} applications`;
    const paths = await askedPaths(stage, each);
    const fleet = await stage.startRecordedSimulators({ clusters, each, paths });

    const rounds = [];
    for (let round = 0; round < pace.rounds; round++) {
      const parses = [await fleet.parse()];
      const { one, reload } = await reloadOf(stage, fleet);
      parses.push(await fleet.parse());
      const start = await startOf(stage, fleet, one);
      parses.push(await fleet.parse());
      // Neither counts the first cluster.
      const parseMs = (median(parses.map(({ cpuMs }) => cpuMs)) * (clusters - 1)) / clusters;
      const held = (seen) => ({ ...seen, parseMs, parses: seen.cpuMs / parseMs });
      rounds.push({ bytes: parses[0].bytes, reload: held(reload), start: held(start) });
    }
    const { singles } = await fleet.parse();
    const of = (part, key) => median(rounds.map((round) => round[part][key]));
    const most = (key) => Math.max(of('reload', key), of('start', key));

    const server = await stage.startServer(fleet);
    const asked = await questions(server, pace);
    const slow = asked.filter(({ p99, barMs }) => p99 > barMs);
    const profiles = [];
    for (const { name, once } of slow) profiles.push({ what: name, functions: await profileOfMany(server, once) });
    await server.end();
    const ratio = atMost(
      'Seeding to `JSON.parse` of the same bytes: processor time',
      most('parses'),
      bar.parses,
      times,
    );
    const blocked = atMost(`${what}: event loop blocked while seeding, at most`, most('blockedMs'), bar.blockedMs, ms);
    return {
      about:
        `${what}, read by one process: from each cluster the stream with its snapshot and the list beside it. Each ` +
        'simulator was asked once before; what it answered, to the last byte and chunk, is given by a bare `node:http` in ' +
        'another process. A server that knows the first cluster is given a new configuration with all of them; another one ' +
        'starts with all of them. What counts is the processor time of the whole server process (user and system, all of ' +
        'its threads: garbage collection and compilation too) until it is at rest with every row, less what it takes at ' +
        'rest in the same time; at a start, what it takes beyond a start with the first cluster alone. It is held against ' +
        'the processor time of `JSON.parse` of all texts that were sent for the others, one by one and without keeping ' +
        'anything, in the process that sends them, before and after; the slower way counts. The event loop is watched from ' +
        'inside of the server (`monitorEventLoopDelay`): from the new configuration on, and from when it listens. Nobody ' +
        'asks the server anything meanwhile.',
      rows: [
        atMost(`${what}: memory (RSS, at most)`, most('peakRssBytes'), bar.rssBytes, gibibytes),
        ratio,
        blocked,
        ...asked.map(({ name, p99, barMs }) =>
          atMost(`${name} over ${whole(applications)} rows, HTTP included, p99`, p99, barMs, ms),
        ),
      ],
      tables: [
        {
          header: ['Seeding', 'Processor time', '`JSON.parse`', 'Ratio', 'Until at rest', 'Blocked at most'],
          rows: [
            ['by a new configuration', 'reload'],
            ['at the start', 'start'],
          ].map(([name, part]) => [
            name,
            ms(of(part, 'cpuMs')),
            ms(of(part, 'parseMs')),
            times(of(part, 'parses')),
            ms(of(part, 'elapsedMs')),
            ms(of(part, 'blockedMs')),
          ]),
        },
        {
          header: ['Answered anew, HTTP included', 'p50', 'p99'],
          rows: asked.map(({ name, p50, p99 }) => [name, ms(p50), ms(p99)]),
        },
      ],
      notes: [
        `${whole(rounds[0].bytes / clusters / 1024)} KiB from each cluster.`,
        ...(singles > 0
          ? [`${whole(singles)} applications were asked for one by one: a snapshot seemed to have stopped.`]
          : []),
        `${gibibytes(of('start', 'rssBytes'))} when it has read everything; ` +
          `${(100 * of('reload', 'idlePart')).toFixed(1)} % of a processor when it is at rest.`,
      ],
      profiles: [
        ...(ratio.isMet && blocked.isMet ? [] : [{ what: 'seeding', functions: await profileOf(stage, fleet) }]),
        ...profiles,
      ],
    };
  },
};

/** What a server of ours asks a cluster for. */
async function askedPaths(stage, each) {
  const fleet = await stage.startQuietSimulators({ clusters: 1, each });
  const server = await stage.startServer(fleet);
  const answer = await request(`${fleet.instances[0].admin}/requests`);
  await server.end();
  const { requests } = await answer.body.json();
  const begin = new Set(requests.map(({ path }) => path));
  const later = [pulse, relist(await fromDist('argocd/fields.js', 'listFields'))];
  return [...begin, '--', ...later.filter((path) => !begin.has(path))];
}

/** The first cluster, then all the others because the configuration has changed. */
async function reloadOf(stage, fleet) {
  let all;
  const server = await stage.startServer(fleet, {
    change: (config) => {
      all = config.clusters;
      config.clusters = all.slice(0, 1);
    },
    isReady: () => true,
  });
  const one = await atRest(server);
  await server.reset();
  const startedAt = performance.now();
  server.reconfigure((config) => (config.clusters = all));
  const { at, ...seen } = await atRest(server);
  const elapsedMs = at - startedAt;
  const idlePart = await afterwards(server, fleet);
  return { one, reload: { ...seen, cpuMs: seen.cpuMs - idlePart * elapsedMs, elapsedMs, idlePart } };
}

/** All of them at the start. Compared to a start with the first: what the program takes to start is in both. */
async function startOf(stage, fleet, one) {
  const startedAt = performance.now();
  const server = await stage.startServer(fleet, { isReady: () => true });
  await server.reset();
  const { at, ...seen } = await atRest(server);
  const idlePart = await afterwards(server, fleet);
  return { ...seen, cpuMs: seen.cpuMsInAll - one.cpuMsInAll, elapsedMs: at - startedAt, idlePart };
}

/** Holds the server against what it should know, looks what it takes at rest (a part of a processor), and ends it. */
async function afterwards(server, fleet) {
  const list = await ask(server, '/api/v1/applications?limit=1');
  if (list.total !== fleet.applications || list.unavailable.length > 0) {
    throw new Error(`The fleet was not read: ${list.total} rows, ${list.unavailable[0]?.message}`);
  }
  await server.reset();
  await delay(idleMs);
  const { cpuMs } = await server.read();
  await server.end();
  return cpuMs / idleMs;
}

/** What the server says of itself when it has nothing to do any more, as of when it had the last. */
async function atRest(server) {
  const end = performance.now() + waitMs;
  const looks = [];
  while (performance.now() < end) {
    looks.push({ ...(await server.read()), at: performance.now() });
    const last = looks.at(-1);
    const before = looks.findLast(({ at }) => last.at - at >= quiet.ms);
    if (before && last.cpuMs - before.cpuMs < quiet.part * (last.at - before.at)) return before;
    await delay(lookEveryMs);
  }
  throw new Error(`The server is not at rest after ${waitMs / 1000} s.`);
}

/** The same again with a profile, in another process. */
async function profileOf(stage, fleet) {
  let all;
  const change = (config) => {
    all = config.clusters;
    config.clusters = all.slice(0, 1);
  };
  const server = await stage.startServer(fleet, { change, isReady: () => true });
  await atRest(server);
  const functions = await server.profile(async () => {
    server.reconfigure((config) => (config.clusters = all));
    await delay(profiledMs);
  });
  await server.end();
  return functions;
}

/** Of a question that is asked again and again. */
const profileOfMany = (server, once) =>
  server.profile(async () => {
    for (let i = 0; i < profiledQuestions; i++) await once();
  });

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
    measured.push({ name, barMs, p50: of('p50'), p99: of('p99'), once: () => ask(server, path()) });
  }
  return measured;
}

async function ask({ origin }, path) {
  const answer = await request(origin + path);
  const body = await answer.body.json();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${JSON.stringify(body)}`);
  return body;
}
