import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { ProcessWarnings } from '../../test/support/process-warnings.js';
import { Simulator } from './simulator.js';

describe('a stream of the simulator', () => {
  let simulator: Simulator;
  let warnings: ProcessWarnings;
  beforeEach(async () => {
    warnings = new ProcessWarnings();
    simulator = await Simulator.start({ name: 'eu', applications: 1_500 });
  });
  afterEach(async () => {
    await simulator.close();
    warnings.stop();
  });

  it('the warnings of the process are heard here', async () => {
    const emitter = new EventEmitter();
    for (let i = 0; i < 11; i++) emitter.on('any', () => i);
    await eventually(() => expect(warnings.texts.join()).toContain('11 any listeners'));
  });

  it.each([
    ['server-sent events', { accept: 'text/event-stream' }],
    ['JSON lines, compressed', { 'accept-encoding': 'gzip' }],
  ])('waits for its reader as often as it must, and nothing piles up: %s', async (_, accept) => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${simulator.tokens.admin}`, ...accept };
    const url = `${simulator.url}/api/v1/stream/applications`;
    const { body } = await fetch(url, { headers, signal: stop.signal });
    const text = body!.pipeThrough(new TextDecoderStream());
    let seen = 0;
    for await (const part of text as unknown as AsyncIterable<string>) {
      seen += part.split('"type":"ADDED"').length - 1;
      if (seen >= 1_450) break;
    }
    stop.abort();
    await eventually(() => expect(simulator.openStreams()).toBe(0));
    expect(warnings.texts).toEqual([]);
  });
});
