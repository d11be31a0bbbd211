import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fromDist } from '../../scripts/generated/from-dist.mjs';
import { median, percentile } from './measure.mjs';
import { profileHere } from './profile.mjs';
import { atMost, ms } from './verdict.mjs';

/** Clusters of the fleet that is asked, and applications on each. */
const clusterCount = 100;
const perCluster = 1_000;
/** How often each question is asked in a round. */
const perRound = 100;
const warmUps = 20;
const dayMs = 86_400_000;
/** Bars in milliseconds: what the slowest of a hundred may take. */
const barMs = 10;
const patternBarMs = 25;

/**
 * The index alone, in this process: no HTTP, no JSON. Rows are as different as those of a large fleet can be: every
 * application has a name, images, a revision, labels and a path of its own, one in five is ill and says why in words of
 * its own.
 */
export const queries = {
  name: 'queries',
  title: `Queries over ${(clusterCount * perCluster).toLocaleString('en-US')} rows`,

  async run(_stage, { rounds }) {
    const FleetIndex = await fromDist('fleet/index/fleet-index.js', 'FleetIndex');
    const applicationFilter = await fromDist('fleet/answers/application-filter.js', 'applicationFilter');
    const fleet = await filled(new FleetIndex());
    const ask = (query, { sort = 'urgency', limit = 20, after, by } = {}) => {
      const atMs = fleet.index.ranksSinceMs(Date.now());
      const filter = applicationFilter(query, atMs);
      const question = { clusters: fleet.numbers, seesProject: () => true, filter, atMs };
      return by ? fleet.index.groups(question, { by, limit }) : fleet.index.page(question, { sort, limit, after });
    };
    const asked = inRounds(kinds(ask), rounds);
    const { heapPerRow, outsidePerRow } = fleet;
    const rows = asked.map(({ what, bar, p99 }) => atMost(`Query: ${what}, p99`, p99, bar, ms));
    const profiles = [];
    for (const [i, { what, once }] of asked.entries()) {
      if (!rows[i].isMet) profiles.push({ what, functions: await profileHere(() => times(perRound, once)) });
    }
    return {
      about:
        'The index alone, in one process: no HTTP, no JSON. Every application has a name, images, a revision, labels and a ' +
        `path of its own; one in five is ill and says why in words of its own. Each question is asked ${perRound} times in a round; the slowest of a hundred counts.`,
      rows,
      tables: [{ header: ['Query', 'p50', 'p99'], rows: asked.map(({ what, p50, p99 }) => [what, ms(p50), ms(p99)]) }],
      notes: [
        `${Math.round(heapPerRow)} bytes of heap and ${Math.round(outsidePerRow)} bytes outside of it for each row.`,
        changes(fleet),
      ],
      profiles,
    };
  },
};

/** Questions as people and dashboards ask them, each with a sort and a page. */
function kinds(ask) {
  const second = ask({}, { sort: 'name' }).next;
  return [
    { what: 'everything, most urgent first', once: () => ask({}) },
    {
      what: 'everything by name, second page of 200',
      once: () => ask({}, { sort: 'name', limit: 200, after: second }),
    },
    {
      what: 'health and sync, newest change first',
      once: () => ask({ health: ['Degraded', 'Missing'], sync: ['OutOfSync'] }, { sort: 'changed' }),
    },
    { what: 'label selector', once: () => ask({ labels: 'env=prod,team in (t1,t2,t3),tier!=x2,!legacy' }) },
    { what: 'commit, by a short hash', once: () => ask({ revision: '0a1b2c' }, { sort: 'name' }) },
    {
      what: 'source: repository and path globs',
      bar: patternBarMs,
      once: () => ask({ repository: '*/team-1*/*', path: 'apps/cart*' }),
    },
    { what: 'image glob', bar: patternBarMs, once: () => ask({ image: '*cart*:1.2*' }, { sort: 'lastSync' }) },
    { what: 'name glob', bar: patternBarMs, once: () => ask({ name: '*-cart-?1*' }, { sort: 'name' }) },
    { what: 'text, in messages', bar: patternBarMs, once: () => ask({ text: 'progress deadline' }) },
    { what: 'text, in every name and image of a kind', bar: patternBarMs, once: () => ask({ text: 'cart' }) },
    { what: 'text, nowhere', bar: patternBarMs, once: () => ask({ text: 'no such thing' }) },
    { what: 'groups by project', once: () => ask({}, { by: 'project' }) },
    {
      what: 'groups by image, every one of its own',
      bar: patternBarMs,
      once: () => ask({ problem: ['degraded'] }, { by: 'image' }),
    },
  ];
}

/** All kinds in turns, so that what else the machine does hits all alike; of each number the median of the rounds. */
function inRounds(asked, rounds) {
  for (const { once } of asked) for (let i = 0; i < warmUps; i++) once();
  const measured = asked.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { once }] of asked.entries()) {
      const times = Array.from({ length: perRound }, () => timed(once));
      measured[i].push({ p50: percentile(times, 0.5), p99: percentile(times, 0.99) });
    }
  }
  return asked.map(({ what, bar = barMs, once }, i) => {
    const of = (key) => median(measured[i].map((round) => round[key]));
    return { what, bar, once, p50: of('p50'), p99: of('p99') };
  });
}

function times(count, work) {
  for (let i = 0; i < count; i++) work();
}

function timed(work) {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

async function filled(index) {
  const random = randomNumbers(1);
  const texts = Array.from({ length: clusterCount }, (_, cluster) =>
    Array.from({ length: perCluster }, (_, i) => JSON.stringify(row(random, cluster, cluster * perCluster + i))),
  );
  const parseMs = timed(() => texts.map((cluster) => cluster.map((text) => JSON.parse(text))));
  const before = await memory();
  const clusters = [];
  let seedMs = 0;
  let worstMs = 0;
  for (const [i, cluster] of texts.entries()) {
    const rows = index.open(`c${i}`);
    const epoch = rows.nextEpoch();
    const taken = cluster.map((text) => JSON.parse(text));
    const ms = timed(() => taken.forEach((each) => rows.upsert(each, epoch)));
    seedMs += ms;
    worstMs = Math.max(worstMs, ms);
    clusters.push({ rows, epoch });
    // As in a server, where one cluster after the other comes in.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const after = await memory();
  const count = clusterCount * perCluster;
  return {
    ...{ index, clusters, random, seedMs, parseMs, worstMs },
    numbers: clusters.map(({ rows }) => rows.number),
    heapPerRow: (after.heapUsed - before.heapUsed) / count,
    outsidePerRow: (after.arrayBuffers - before.arrayBuffers) / count,
  };
}

/** What an event costs: mostly another revision and operation of an application that is known. */
function changes({ clusters, random }) {
  const count = 20_000;
  const changed = Array.from({ length: count }, (_, i) => {
    const cluster = random(clusterCount);
    const known = clusters[cluster].rows.named(nameOf(cluster * perCluster + random(perCluster)))[0];
    const next = structuredClone(known);
    next.resourceVersion = String(2_000_000 + i);
    next.revisions = [hex(random, 40)];
    next.operation = { ...next.operation, phase: 'Succeeded', finishedAt: ago(random, 0.01) };
    return { ...clusters[cluster], next };
  });
  const ms = timed(() => changed.forEach(({ rows, epoch, next }) => rows.upsert(next, epoch)));
  return `${((1000 * ms) / count).toFixed(1)} µs to take in a change of a row.`;
}

/** Of what is in use, after a collection. */
async function memory() {
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage();
}

const words = 'payments cart checkout search billing auth ledger mail report gateway inventory pricing'.split(' ');
const nameOf = (i) => `${words[i % 12]}-${words[(i * 7 + 3) % 12]}-${i}`;

function row(random, cluster, i) {
  const name = nameOf(i);
  const ill = random(5) === 0;
  const version = `1.${random(50)}.${random(9)}`;
  return {
    cluster: `c${cluster}`,
    namespace: 'argocd',
    name,
    uid: `${hex(random, 8)}-${hex(random, 4)}-${hex(random, 12)}`,
    resourceVersion: String(1_000_000 + i),
    project: `proj-${random(50)}`,
    labels: {
      'app.kubernetes.io/instance': name,
      'app.kubernetes.io/version': version,
      team: `t${random(40)}`,
      env: ['prod', 'stage', 'dev'][random(3)],
      tier: `x${random(5)}`,
      commit: hex(random, 8),
    },
    health: ill ? ['Degraded', 'Missing', 'Progressing', 'Unknown'][random(4)] : 'Healthy',
    healthMessage: ill
      ? `Deployment "${name}" exceeded its progress deadline: ${hex(random, 30)} failed with code ${random(1000)}`
      : undefined,
    healthSince: ago(random, 30),
    sync: random(4) === 0 ? 'OutOfSync' : 'Synced',
    revisions: [hex(random, 40)],
    operation: {
      phase: random(10) === 0 ? 'Failed' : 'Succeeded',
      message: random(10) === 0 ? `hook ${hex(random, 12)} failed` : 'successfully synced (all tasks run)',
      startedAt: ago(random, 30),
      finishedAt: ago(random, 30),
    },
    operating: false,
    conditions: [],
    destination: { server: `https://k8s-${random(100)}.example.com`, namespace: `ns-${name}` },
    sources: [
      {
        repository: `https://git.example.com/team-${random(40)}/${words[random(12)]}`,
        path: `apps/${name}/overlays/prod`,
        targetRevision: 'main',
      },
    ],
    autoSync: random(2) === 0,
    images: [`registry.example.com/team/${name}:${version}`, `registry.example.com/sidecar:${random(5)}.${random(5)}`],
    createdAt: ago(random, 300),
  };
}

function hex(random, length) {
  let text = '';
  while (text.length < length) text += random(16).toString(16);
  return text;
}

const ago = (random, days) => `${new Date(Date.now() - random(days * dayMs)).toISOString().slice(0, 19)}Z`;

/** The same numbers every time: mulberry32. */
function randomNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}
