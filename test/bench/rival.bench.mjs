import { request } from 'undici';
import { load, wire } from './load.mjs';
import { answerTo, callIn, modern, textBytes } from './mcp-requests.mjs';
import { inTurns } from './measure.mjs';
import { rivalName, rivalVersion, startRival } from './rival.mjs';
import { atLeast, atMost, ms, plain, requestHeader, requestRows, times, whole } from './verdict.mjs';

const applications = 1_000;
const input = { limit: 20 };
const bar = { times: 100, aim: 200, p50: 0.01, bytes: 1 / 3 };
const percent = (part) => `${(100 * part).toFixed(2)} %`;

/** The question that agents ask most, to us and to the program that most people use today, over the same simulator. */
export const rival = {
  name: 'rival',
  title: `Against ${rivalName} ${rivalVersion}`,

  async run(stage, pace) {
    const fleet = await stage.startSimulators({ clusters: 1, applications });
    const [instance] = fleet.instances;
    const server = await stage.startServer(fleet);
    const theirs = await startRival(stage, instance);
    const their = { ...callIn({ input }), headers: theirs.headers };
    const our = callIn({ ...modern, input });
    const ours = wire(server.origin, our);
    const floor = wire(theirs.origin, their);
    const theirText = textBytes(await answerTo(theirs.origin, their));
    const ourText = textBytes(await answerTo(server.origin, our));
    // A call of theirs takes a tenth of a second, so that their rounds must be long enough for a median.
    const measured = await inTurns({ ours, floor, connections: 1, ...pace });
    const asked = await upstream(instance, () => load(ours, 1, pace.roundMs));
    const askedByThem = await upstream(instance, () => load(floor, 1, pace.roundMs));
    const what = `${input.limit} of ${whole(applications)} applications, one connection, to ${rivalName} ${rivalVersion}`;
    return {
      about:
        `\`list_applications\` with a limit of ${input.limit} over ${whole(applications)} applications of one simulator, on one ` +
        `connection that is kept alive, over Streamable HTTP. ${rivalName} asks Argo CD for its whole list at each call.`,
      rows: [
        atLeast(`${what}: requests per second`, measured.ratio, bar.times, times, { aim: bar.aim }),
        atMost(`${what}: p50`, measured.ours.p50Ms / measured.floor.p50Ms, bar.p50, percent),
        atMost(`${what}: bytes of an answer`, measured.ours.bodyBytes / measured.floor.bodyBytes, bar.bytes, plain),
        atMost(`${what}: requests to Argo CD that our calls make`, asked.calls, 0, whole),
      ],
      tables: [
        {
          header: requestHeader,
          rows: requestRows([
            ['ours', measured.ours],
            [rivalName, measured.floor],
          ]),
        },
      ],
      notes: [
        `In ${ms(pace.roundMs)} of calls Argo CD got ${asked.calls} requests by ours (and ${asked.others} that watch the ` +
          `cluster whoever calls), ${askedByThem.calls} by ${rivalName}.`,
        `Ours answers twice, as the protocol wants it: as data with a schema and as text. The text, which is what most models ` +
          `read, has ${whole(ourText)} bytes to ${whole(theirText)}: ${plain(ourText / theirText)} (ADR 0012).`,
      ],
    };
  },
};

/** What a simulator was asked while something ran: for applications, and for the pulse that is there in any case. */
async function upstream({ admin }, work) {
  const url = `${admin}/requests`;
  const cleared = await request(url, { method: 'DELETE', headers: { 'content-type': 'application/json' } });
  await cleared.body.dump();
  await work();
  const answer = await request(url);
  const { requests } = await answer.body.json();
  const calls = requests.filter(({ path }) => path.startsWith('/api/v1/applications'));
  return { calls: calls.length, others: requests.length - calls.length };
}
