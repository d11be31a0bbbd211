import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Simulator } from '../../src/simulator/simulator.js';
import { FACTS } from '../truth/behaviour.js';
import { Bench } from '../truth/bench.js';

describe.each(['2.14', '3.1', '3.5', '3.6'] as const)('a simulator of %s', (version) => {
  let simulator: Simulator;
  let bench: Bench;

  beforeAll(async () => {
    simulator = await Simulator.start({ version, world: 'empty', speed: 4, reconcileMs: 0 });
    const readerToken = (project: string): string => {
      simulator.setRights('reader', [{ resource: 'applications', action: 'get', object: `${project}/*` }]);
      return simulator.tokens.reader;
    };
    bench = new Bench({
      url: simulator.url,
      token: simulator.tokens.admin,
      repo: 'https://git.example.com/verify/repository',
      readerToken,
    });
    await bench.prepare();
  });
  afterAll(async () => {
    await bench.dispose();
    const names = simulator.applications;
    await simulator.close();
    expect(names).toEqual([]);
  });

  it.each(FACTS.map((fact) => [fact.name, fact] as const))('%s', (_name, fact) => fact.check(bench), 60_000);
});
