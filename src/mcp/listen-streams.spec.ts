import { Server } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, it } from '@jest/globals';
import { everything } from '../fleet/scope.js';
import { createLogger } from '../telemetry/logger.js';
import { EventFleet } from '../../test/support/event-fleet.js';
import { eventually } from '../../test/support/eventually.js';
import { modernMeta, revision } from '../../test/support/mcp-requests.js';
import { ListenStreams } from './listen-streams.js';
import type { Caller } from '../auth/caller.js';

describe('a subscription over HTTP', () => {
  let fleet: EventFleet;
  let streams: ListenStreams;
  const ended: string[] = [];
  const lines: Record<string, unknown>[] = [];
  afterEach(() => {
    streams.close();
    fleet.events.onModuleDestroy();
  });

  it('whose reader takes nothing gets no more meanwhile, and is cut off at the bound', async () => {
    fleet = new EventFleet();
    const caller: Caller = { name: 'test', role: 'viewer', scope: everything, tool: () => true };
    streams = new ListenStreams({
      events: fleet.events,
      runner: { findTool: () => ({}) as never },
      metrics: { began: () => void ended.push('began'), ended: (ending) => void ended.push(ending) },
      log: createLogger('debug', { write: (line: string) => void lines.push(JSON.parse(line)) }),
      times: { gatherMs: 1, againMs: 1, statusAgainMs: 1, beatMs: 10, stallMs: 50 },
    });
    const reading = new AbortController();
    let isFull = false;
    const connection = { isFull: () => isFull, cut: () => reading.abort(), whoNow: async () => caller };
    const params = { notifications: { resourceSubscriptions: ['fleet://status'] }, _meta: modernMeta() };
    const parsedBody = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params };
    const request = new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': revision,
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify(parsedBody),
      signal: reading.signal,
    });
    const create = () =>
      new Server({ name: 'test', version: '1' }, { capabilities: { resources: { subscribe: true } } });
    const response = await streams.serve(create, request, { parsedBody }, { caller, connection });
    let text = '';
    const over = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
    })();
    fleet.put({ name: 'cart' });
    await eventually(() => text.includes('notifications/resources/updated'));
    const taken = text;
    isFull = true;
    for (let i = 0; i < 20; i++) fleet.put({ name: `cart-${i}` });
    await over;
    expect(text).toBe(taken);
    expect(lines.filter(({ ending }) => ending !== undefined)).toMatchObject([{ ending: 'slow', level: 'warn' }]);
    expect(ended).toEqual(['began', 'slow']);
    expect(fleet.events.readers).toBe(0);
  });
});
