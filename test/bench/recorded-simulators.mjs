import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { request } from 'undici';
import { fromDist } from '../../scripts/generated/from-dist.mjs';

/**
 * What simulators answer, asked of each once and then given again by a bare `node:http`, to the last byte: a hundred real
 * clusters answer at the same time and not on the machine of the server, so the time that simulators take to make an
 * answer must not stand between. A process of its own: `recorded-simulators.mjs <file> <clusters> <applications>
 * <path>...`, with the paths that a server of ours asks for. Prints what `simulate` prints. Told `parse`, it answers what
 * `JSON.parse` of the begin takes: of everything but the paths after `--`, which are asked for later if at all. Single
 * applications are given as the stream has shown them, and counted (`singles`).
 */
const [file, clusters, applications, ...rest] = process.argv.slice(2);
const begin = rest.slice(0, rest.indexOf('--'));
const paths = rest.filter((path) => path !== '--');
let singles = 0;
const Simulator = await fromDist('simulator/simulator.js', 'Simulator');
const placeOf = await fromDist('cli/simulated-fleet.js', 'placeOf');
const writeFleetConfig = await fromDist('cli/simulated-fleet.js', 'writeFleetConfig');

const keepAliveMs = 15_000;
const isStream = (path) => path.startsWith('/api/v1/stream/');

async function recordAnswer({ url }, path, headers) {
  const answer = await request(url + path, { headers });
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`);
  const text = await answer.body.text();
  return { type: answer.headers['content-type'], text, texts: [text] };
}

/** The begin of a stream as it came over the wire: the lengths of its chunks are part of it. */
async function recordStream({ url }, path, headers) {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries({ host, accept: 'text/event-stream', ...headers }).map((line) => line.join(': '));
  socket.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
  let raw = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    raw += chunk;
    // Ends when the frame of the last application is followed by its empty line, a chunk of its own.
    if (raw.endsWith('\r\n1\r\n\n\r\n') && raw.split('\r\ndata: ').length > Number(applications)) break;
  }
  socket.destroy();
  const [, head, body] = /^HTTP\/1\.1 200 OK\r\n(.*?)\r\n\r\n(.*)$/s.exec(raw);
  if (!/^transfer-encoding: chunked/im.test(head)) throw new Error(`${path} came in no chunks`);
  const type = /^content-type: (.*)$/im.exec(head)[1].trim();
  const wire = Buffer.from(body, 'latin1');
  const frames = wire.toString('utf8').split('\r\ndata: ').slice(1);
  return { type, wire, texts: frames.map((frame) => frame.slice(0, frame.indexOf('\n')).trim()) };
}

const recordings = [];
async function record(index) {
  const place = placeOf(index);
  const options = { name: place.name, applications: Number(applications), seed: index + 1, reconcileMs: 0 };
  const simulator = await Simulator.start(options);
  const headers = { authorization: `Bearer ${simulator.tokens.admin}` };
  const answers = new Map();
  for (const path of paths) {
    const how = isStream(path) ? recordStream : recordAnswer;
    answers.set(path, await how(simulator, path, headers));
  }
  await simulator.close();
  recordings.push(answers);
  const url = await serve(answers);
  return { ...place, simulator: { url, tokens: simulator.tokens } };
}

/** Gives each path its recording. What was not recorded is not there, and told. */
async function serve(answers) {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (asked, response) => {
    const { type, text, wire } = answers.get(asked.url) ?? single(answers, asked.url) ?? {};
    if (!type) {
      console.error(`not recorded: ${asked.method} ${asked.url}`);
      return void response.writeHead(404).end();
    }
    response.setHeader('content-type', type);
    if (!wire) return void response.end(text);
    response.flushHeaders();
    response.socket.write(wire);
    const alive = setInterval(() => response.write(':\n'), keepAliveMs);
    response.once('close', () => clearInterval(alive));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

/** What the stream has shown of one application. */
function single(answers, path) {
  const [, name] = /^\/api\/v1\/applications\/([^/?]+)\?/.exec(path) ?? [];
  if (!name) return undefined;
  const { texts } = [...answers].find(([each]) => isStream(each))[1];
  const frame = texts.find((text) => text.includes(`"name":"${name}"`));
  if (!frame) return undefined;
  singles++;
  return { type: 'application/json', text: JSON.stringify(JSON.parse(frame).result.application) };
}

/** One text after the other, as they are read, nothing kept. */
function parseAll() {
  const texts = recordings.flatMap((answers) => begin.flatMap((path) => answers.get(path).texts));
  const before = process.cpuUsage();
  for (const text of texts) JSON.parse(text);
  const { user, system } = process.cpuUsage(before);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { cpuMs: (user + system) / 1000, bytes, singles };
}

const recorded = [];
for (let index = 0; index < Number(clusters); index++) recorded.push(await record(index));
await writeFleetConfig(file, recorded, { host: '127.0.0.1', port: 0 });
for (const { name, simulator } of recorded) {
  console.log(JSON.stringify({ cluster: name, url: simulator.url, token: simulator.tokens.admin }));
}
process.on('message', () => process.send(parseAll()));
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));
