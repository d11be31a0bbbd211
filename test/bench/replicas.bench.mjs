import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool, request } from 'undici';
import { median, percentile } from './measure.mjs';
import { startRedis } from './redis.mjs';
import { atMost, ms, whole } from './verdict.mjs';

const applications = 1_000;
const perSecond = 500;
const barMs = 100;
const tickMs = 10;
const states = ['Degraded', 'Healthy'];

/** How long a change takes from a cluster's own stream through the leader and Redis to what another replica shows. */
export const replicas = {
  name: 'replicas',
  title: 'From a cluster to another replica',

  async run(stage, { rounds, roundMs }) {
    const redis = await startRedis(stage);
    if (!redis) return { rows: [], notes: ['Not measured: there is no Redis server on the PATH.'] };
    const fleet = await stage.startSimulators({ clusters: 1, applications });
    const change = (config) => (config.redis = { cache: redis, keyPrefix: 'bench' });
    // Who comes first leads.
    await stage.startServer(fleet, { change });
    const follower = await stage.startServer(fleet, { change });
    const [instance] = fleet.instances;
    const seen = new Sightings();
    const closers = [await watchSimulator(instance, seen), await watchEvents(follower, seen)];
    const changer = await Changer.of(instance);
    await changer.run(roundMs);
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      seen.forget();
      await changer.run(2 * roundMs);
      // What was sent last has its time as well.
      await delay(1_000);
      measured.push(seen.result((2 * roundMs) / 1000));
    }
    for (const close of closers) close();
    await changer.close();
    const of = (key) => median(measured.map((round) => round[key]));
    const what = `Event of the simulator to row visible on another replica, ${perSecond} changes per second, p99`;
    return {
      about:
        'Two servers over one simulator, with a Redis of their own. The clock starts when the event comes out of the ' +
        "simulator's stream, and stops when a reader of `/api/v1/events` on the replica that follows has the row.",
      rows: [atMost(what, of('p99'), barMs, ms)],
      tables: [
        {
          header: ['', 'p50', 'p99', 'Events per second', 'Never seen'],
          rows: [['event to row', ms(of('p50')), ms(of('p99')), whole(of('perSecond')), whole(of('missing'))]],
        },
      ],
    };
  },
};

/** When each application was seen in a state at its cluster, and when on the other replica. */
class Sightings {
  #sent = new Map();
  #latencies = [];
  #events = 0;

  sent(name, state) {
    this.#events++;
    const before = this.#sent.get(name);
    // The same state again says nothing new.
    if (before?.state !== state) this.#sent.set(name, { state, at: performance.now(), isSeen: false });
  }

  seen(name, state) {
    const sent = this.#sent.get(name);
    if (!sent || sent.isSeen || sent.state !== state) return;
    sent.isSeen = true;
    this.#latencies.push(performance.now() - sent.at);
  }

  forget() {
    this.#latencies = [];
    this.#events = 0;
    this.#sent.clear();
  }

  result(seconds) {
    return {
      p50: percentile(this.#latencies, 0.5),
      p99: percentile(this.#latencies, 0.99),
      perSecond: this.#events / seconds,
      missing: [...this.#sent.values()].filter(({ isSeen }) => !isSeen).length,
    };
  }
}

async function watchSimulator({ url, token }, seen) {
  const of = 'result.application';
  const fields = ['result.type', `${of}.metadata.name`, `${of}.status.health.status`].join(',');
  const headers = { authorization: `Bearer ${token}` };
  return eachLine(`${url}/api/v1/stream/applications?fields=${fields}`, headers, (line) => {
    const { result } = JSON.parse(line.replace(/^data: ?/, ''));
    if (result.type === 'MODIFIED')
      seen.sent(result.application.metadata.name, result.application.status.health.status);
  });
}

const watchEvents = ({ origin }, seen) =>
  eachLine(`${origin}/api/v1/events?types=application`, {}, (line) => {
    if (!line.startsWith('data:')) return;
    const event = JSON.parse(line.slice(5));
    const row = event.application ?? event;
    seen.seen(row.name, row.health);
  });

/** Resolves to what ends it. */
async function eachLine(url, headers, take) {
  const aborter = new AbortController();
  const { statusCode, body } = await request(url, { headers, signal: aborter.signal });
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${await body.text()}`);
  body.on('error', () => undefined);
  const lines = createInterface({ input: body }).on('error', () => undefined);
  lines.on('line', (line) => {
    if (line.includes('{')) take(line);
  });
  return () => aborter.abort();
}

/** Changes the health of one application after the other, so many each second. */
class Changer {
  #next = 0;

  constructor(pool, names, path) {
    Object.assign(this, { pool, names, path });
  }

  static async of({ admin }) {
    const { origin, pathname } = new URL(admin);
    const { applications: all } = await (await request(`${admin}/applications`)).body.json();
    const names = all.map((each) => (typeof each === 'string' ? each : each.name).split('/').at(-1));
    return new Changer(new Pool(origin, { connections: 8 }), names, `${pathname}/applications`);
  }

  async run(durationMs) {
    const startedAt = performance.now();
    const asked = [];
    let count = 0;
    for (let passed = 0; passed < durationMs; passed = performance.now() - startedAt) {
      for (; count < (passed * perSecond) / 1000; count++) asked.push(this.#change());
      await delay(tickMs);
    }
    await Promise.all(asked);
  }

  async #change() {
    const i = this.#next++;
    const status = states[Math.floor(i / this.names.length) % states.length];
    const answer = await this.pool.request({
      method: 'PATCH',
      path: `${this.path}/${this.names[i % this.names.length]}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ health: { status } }),
    });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`The simulator answered ${answer.statusCode}.`);
  }

  close() {
    return this.pool.close();
  }
}
