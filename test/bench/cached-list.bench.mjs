import { request } from 'undici';
import { load, wire } from './load.mjs';
import { inTurns } from './measure.mjs';
import { atLeast, requestHeader, requestRows } from './verdict.mjs';

const connections = 16;
const bar = 0.6;
const path = '/api/v1/applications';

/** The list that a client asks for most, answered from the index, against a server that only writes the same bytes. */
export const cachedList = {
  name: 'cached-list',
  title: 'Cached list over REST',

  async run(stage, pace) {
    const server = await stage.startServer(await stage.startSimulators({ clusters: 5, applications: 200 }));
    const answer = await request(`${server.origin}${path}`);
    const body = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${body}`);
    const floor = await stage.startFloor({ contentType: answer.headers['content-type'], body });
    const ours = wire(server.origin, { path });
    const measured = await inTurns({ ours, floor: wire(floor, { path }), connections, ...pace });
    const row = atLeast(`\`GET ${path}\` to a bare \`node:http\` GET of the same bytes`, measured.ratio, bar);
    return {
      about: `Requests per second at ${connections} connections.`,
      rows: [row],
      tables: [
        {
          header: requestHeader,
          rows: requestRows([
            ['ours', measured.ours],
            ['floor', measured.floor],
          ]),
        },
      ],
      profiles: row.isMet
        ? []
        : [
            {
              what: 'cached lists over REST',
              functions: await server.profile(() => load(ours, connections, 2 * pace.roundMs)),
            },
          ],
    };
  },
};
