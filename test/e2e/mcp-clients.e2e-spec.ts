import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { startMcpApp, type McpApp } from '../support/mcp-app.js';
import {
  bridgeOnPipes,
  connectHttp,
  connectPipes,
  pipes,
  serveOnPipes,
  type Era,
  type TestClient,
} from '../support/mcp-clients.js';

let app: McpApp;
beforeAll(async () => {
  app = await startMcpApp();
});
afterAll(() => app.close());

const eras: Era[] = ['legacy', 'modern'];
const ways: Record<string, (era: Era) => Promise<TestClient>> = {
  'over HTTP': (era) => connectHttp(era, app.url),
  'on stdio': (era) => {
    const both = pipes();
    serveOnPipes(app, both);
    return connectPipes(era, both);
  },
  'through the bridge': (era) => {
    const both = pipes();
    bridgeOnPipes(app, both);
    return connectPipes(era, both);
  },
};
const everyClient = eras.flatMap((era) => Object.entries(ways).map(([way, connect]) => ({ era, way, connect })));

describe.each(everyClient)("the SDK's $era client $way", ({ era, connect }) => {
  let client: TestClient;
  beforeAll(async () => {
    client = await connect(era);
  });
  afterAll(() => client.close());

  it('agrees on a revision and reads the instructions', () => {
    expect(client.revision ?? '2025-11-25').toBe(era === 'modern' ? '2026-07-28' : '2025-11-25');
    expect(client.instructions).toContain('wait_for_job');
  });

  it('lists the tools', async () => {
    const tools = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo_text', 'wait_for_release', 'change_thing', 'fail_always']);
  });

  it('calls a tool, also with a cluster that no header can carry as it is', async () => {
    const args = { text: 'hi', cluster: 'eu-*, über' };
    const { structuredContent, content } = await client.call('echo_text', args);
    expect(structuredContent).toEqual(args);
    expect(JSON.parse(content[0]!.text)).toEqual(args);
  });

  it('sees a failure as a result, although it knows the output schema', async () => {
    const { isError, content, structuredContent } = await client.call('fail_always', { how: 'known' });
    expect(isError).toBe(true);
    expect(JSON.parse(content[0]!.text)).toMatchObject({ code: 'not_found', details: { suggestions: ['that'] } });
    if (era === 'modern') expect(structuredContent).toMatchObject({ code: 'not_found' });
  });

  it('gets a protocol error for an unknown tool', async () => {
    await expect(client.call('no_such_tool', {})).rejects.toMatchObject({ code: -32602 });
  });

  it('follows progress', async () => {
    const seen: number[] = [];
    const call = client.call(
      'wait_for_release',
      { steps: 3 },
      { onprogress: ({ progress }) => void seen.push(progress) },
    );
    await eventually(() => app.probe.isWaiting && seen.length === 3);
    app.probe.finish();
    expect((await call).structuredContent).toEqual({ done: true });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('has many calls under way at once', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`);
    const answers = await Promise.all(texts.map((text) => client.call('echo_text', { text })));
    expect(answers.map(({ structuredContent }) => structuredContent?.['text'])).toEqual(texts);
  });
});

// A legacy client over plain HTTP says that it cancels in a request of its own, which reaches a server without sessions
// without its context; its call ends at its deadline or with its connection.
describe.each(everyClient.filter(({ era, way }) => era === 'modern' || way !== 'over HTTP'))(
  "the SDK's $era client $way",
  ({ era, connect }) => {
    it('aborts a call by cancelling it, and goes on', async () => {
      const client = await connect(era);
      const before = app.probe.aborted;
      const cancel = new AbortController();
      const call = client.call('wait_for_release', {}, { signal: cancel.signal });
      call.catch(() => undefined);
      await eventually(() => app.probe.isWaiting);
      cancel.abort('not needed any more');
      await expect(call).rejects.toThrow();
      await eventually(() => app.probe.aborted === before + 1);
      expect((await client.call('echo_text', { text: 'next' })).structuredContent).toEqual({ text: 'next' });
      await client.close();
    });
  },
);
