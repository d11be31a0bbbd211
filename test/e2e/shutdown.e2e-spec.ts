import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { Simulator } from '../../src/simulator/simulator.js';
import { command, endCommands, type Command } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';

/** Where Redis hangs, a command waits 2 s for it; far less than the time after which closing is cut off. */
const fewSecondsMs = 8_000;

let folder: string;
let simulator: Simulator;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-shutdown-'));
  simulator = await Simulator.start({ name: 'eu', applications: 50 });
  writeFileSync(join(folder, 'token'), simulator.tokens.admin, { mode: 0o600 });
});
afterEach(async () => {
  await endCommands();
  simulator.clearFaults();
});
afterAll(async () => {
  await simulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Serves one cluster, and tells its address once it listens. */
async function serve(redis?: object): Promise<{ server: Command; url: string }> {
  const file = join(folder, 'fleet.yaml');
  const clusters = [{ name: 'eu', url: simulator.url, token: { file: join(folder, 'token') } }];
  writeFileSync(file, stringify({ server: { port: 0 }, ...(redis ? { redis } : {}), clusters }), { mode: 0o600 });
  const server = command(['serve', '--config', file]);
  const [, url] = await server.prints(/"url":"([^"]+)"/);
  return { server, url: url! };
}

const feedIs = (url: string, state: string, source = 'leader'): Promise<void> =>
  eventually(
    async () => {
      const { clusters } = (await (await fetch(`${url}/api/v1/clusters`)).json()) as any;
      expect(clusters).toMatchObject([{ feed: { state, source } }]);
    },
    { timeoutMs: 20_000 },
  );

async function endsWell(server: Command): Promise<void> {
  const askedAt = performance.now();
  server.kill('SIGTERM');
  const code = await server.ended;
  expect({ code, log: code === 0 ? '' : server.stderr() }).toEqual({ code: 0, log: '' });
  expect(performance.now() - askedAt).toBeLessThan(fewSecondsMs);
  expect(server.stderr()).toContain('"msg":"stopped"');
  expect(server.stderr()).not.toContain('MaxListenersExceededWarning');
}

describe('SIGTERM ends the server with code 0 within seconds', () => {
  it('while nothing happens', async () => {
    const { server, url } = await serve();
    await feedIs(url, 'live');
    await endsWell(server);
  });

  it('while it starts', async () => {
    const { server } = await serve();
    await endsWell(server);
  });

  it('while applications change all the time', async () => {
    let turn = 0;
    const churn = setInterval(() => {
      const name = simulator.applications[turn++ % simulator.applications.length]!;
      simulator.mutate(name, { health: { status: turn % 2 ? 'Degraded' : 'Healthy' } });
    }, 2);
    try {
      const { server, url } = await serve();
      await feedIs(url, 'live');
      await endsWell(server);
    } finally {
      clearInterval(churn);
    }
  });

  it('while a cluster hangs', async () => {
    simulator.fault({ kind: 'hang' });
    const { server } = await serve();
    await eventually(() => expect(simulator.requests().length).toBeGreaterThan(0));
    await endsWell(server);
  });

  it('while somebody reads events', async () => {
    const { server, url } = await serve();
    await feedIs(url, 'live');
    const { body } = await fetch(`${url}/api/v1/events`);
    const reader = body!.getReader();
    await reader.read();
    await endsWell(server);
    await reader.cancel().catch(() => undefined);
  });
});

describeOwnRedis('SIGTERM ends a server with Redis with code 0 within seconds', () => {
  let redis: OwnRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  const unwritten = /"clusters":\["eu"\],"msg":"the store did not take the last changes/;

  it.each<[string, () => void | Promise<void>, () => void | Promise<void>]>([
    ['is there', () => undefined, () => undefined],
    ['hangs', () => redis.pause(), () => redis.resume()],
    ['is gone', () => redis.kill(), () => redis.restart()],
  ])('while Redis %s, and says what it did not take', async (how, break_, mend) => {
    const { server, url } = await serve({ cache: redis.url, queue: redis.url, keyPrefix: 'shutdown' });
    await feedIs(url, 'live');
    await break_();
    // Something is on its way to the store.
    simulator.mutate(simulator.applications[0]!, { health: { status: 'Degraded', message: how } });
    await eventually(async () => {
      const body = (await (await fetch(`${url}/api/v1/applications?health=Degraded&limit=200`)).json()) as any;
      expect(body.applications.map((row: any) => row.name)).toContain(simulator.applications[0]);
    });
    try {
      await endsWell(server);
      if (how === 'is there') expect(server.stderr()).not.toMatch(unwritten);
      else expect(server.stderr()).toMatch(unwritten);
    } finally {
      await mend();
    }
  });

  it('though Redis was never there', async () => {
    await redis.kill();
    try {
      const { server, url } = await serve({ cache: redis.url, queue: redis.url, keyPrefix: 'shutdown' });
      await feedIs(url, 'live', 'local');
      await endsWell(server);
    } finally {
      await redis.restart();
    }
  });
});
