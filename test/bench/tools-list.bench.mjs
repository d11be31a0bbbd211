import { request } from 'undici';
import { modern } from './mcp-requests.mjs';
import { median } from './measure.mjs';
import { freePort } from './stage.mjs';
import { atMost, ms } from './verdict.mjs';

const clusters = 20;
const barMs = 100;
const perRound = 20;

/** What an agent asks first, while nothing can be reached. */
export const toolsList = {
  name: 'tools-list',
  title: 'tools/list with every cluster down',

  async run(stage, { rounds }) {
    const fleet = await stage.startSimulators({ clusters, applications: clusters });
    const closed = await freePort();
    const server = await stage.startServer(fleet, {
      change: ({ clusters: all }) =>
        all.forEach((cluster) => (cluster.url = `http://127.0.0.1:${closed}/${cluster.name}`)),
      isReady: (list) => list.total === 0 && list.unavailable.length > 0,
    });
    const first = await ask(server);
    const slowest = [];
    for (let round = 0; round < rounds; round++) {
      const took = [];
      for (let i = 0; i < perRound; i++) took.push(await ask(server));
      slowest.push(Math.max(...took));
    }
    return {
      rows: [
        atMost('`tools/list` with every cluster down, the first since the start', first, barMs, ms),
        atMost(`\`tools/list\` with every cluster down, the slowest of ${perRound}`, median(slowest), barMs, ms),
      ],
      notes: [`${clusters} clusters whose port nobody listens at; MCP ${modern.revision} over HTTP.`],
    };
  },
};

async function ask({ origin }) {
  const startedAt = performance.now();
  const answer = await request(`${origin}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': modern.revision,
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: modern.meta } }),
  });
  const text = await answer.body.text();
  const took = performance.now() - startedAt;
  if (answer.statusCode !== 200 || !text.includes('list_applications')) throw new Error(`tools/list answered ${text}`);
  return took;
}
