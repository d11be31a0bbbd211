import { load, wire } from './load.mjs';
import { answerTo, callIn, legacy, modern, tool } from './mcp-requests.mjs';
import { inTurns } from './measure.mjs';
import { atLeast, requestHeader, requestRows } from './verdict.mjs';

const connections = 16;
const bar = 0.15;
const aim = 0.25;
/** Answers of about 2 kB of rows, which MCP sends twice: as text and as data. */
const input = { limit: 5 };

/** A tool call that is answered from what is known, in both eras of the protocol, over HTTP. */
export const mcpCall = {
  name: 'mcp-call',
  title: 'Cached call over MCP',

  async run(stage, pace) {
    const server = await stage.startServer(await stage.startSimulators({ clusters: 5, applications: 200 }));
    const rows = [];
    const tables = [];
    const profiles = [];
    for (const era of [modern, legacy]) {
      const call = callIn({ ...era, input });
      const floor = await stage.startFloor(await answerTo(server.origin, call));
      const ours = wire(server.origin, call);
      const floored = wire(floor, call);
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
