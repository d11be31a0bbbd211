import { request } from 'undici';
import { load, wire } from './load.mjs';
import { inTurns } from './measure.mjs';
import { atLeast, requestHeader, requestRows } from './verdict.mjs';

const connections = 16;
const bar = 0.15;
const aim = 0.25;
const tool = 'list_applications';
/** Answers of about 2 kB of rows, which MCP sends twice: as text and as data. */
const input = { limit: 5 };

/** Clients count their requests, so no two bodies are the same. */
const ids = Array.from({ length: 5_000 }, (_, i) => 10_000 + i);

const eras = [
  {
    revision: '2026-07-28',
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool },
    meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    },
  },
  { revision: '2025-11-25', headers: { 'mcp-protocol-version': '2025-11-25' } },
];

/** A tool call that is answered from what is known, in both eras of the protocol, over HTTP. */
export const mcpCall = {
  name: 'mcp-call',
  title: 'Cached call over MCP',

  async run(stage, pace) {
    const server = await stage.startServer(await stage.startSimulators({ clusters: 5, applications: 200 }));
    const rows = [];
    const tables = [];
    const profiles = [];
    for (const era of eras) {
      const call = callIn(era);
      const answer = await request(`${server.origin}/mcp`, { method: 'POST', ...call, body: call.bodies[0] });
      const body = await answer.body.text();
      if (answer.statusCode !== 200 || !body.includes('structuredContent')) throw new Error(`MCP answered ${body}`);
      const floor = await stage.startFloor({ contentType: answer.headers['content-type'], body });
      const ours = wire(server.origin, { method: 'POST', path: '/mcp', ...call });
      const floored = wire(floor, { method: 'POST', path: '/mcp', ...call });
      const measured = await inTurns({ ours, floor: floored, connections, ...pace });
      const what = `\`${tool}\` over MCP ${era.revision} to a bare \`node:http\` POST answered with the same bytes`;
      const row = atLeast(what, measured.ratio, bar, undefined, { aim });
      rows.push(row);
      tables.push([`ours, ${era.revision}`, measured.ours], ['floor', measured.floor]);
      if (row.isMet) continue;
      const functions = await server.profile(() => load(ours, connections, 2 * pace.roundMs));
      profiles.push({ what: `calls over MCP ${era.revision}`, functions });
    }
    return {
      about: `Requests per second at ${connections} connections; every request has an id of its own.`,
      rows,
      tables: [{ header: requestHeader, rows: requestRows(tables) }],
      profiles,
    };
  },
};

function callIn({ headers, meta }) {
  const params = { name: tool, arguments: input, ...(meta ? { _meta: meta } : {}) };
  return {
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    bodies: ids.map((id) => JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })),
  };
}
