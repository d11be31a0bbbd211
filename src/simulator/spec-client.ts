import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { SimulatorOptions } from './simulator-options.js';
import { Simulator } from './simulator.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- the specs look into answers of any shape */
/* What the specs beside the simulator share: a plain client that sees status, headers, framing and text as they come. */

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: any;
}
export interface Stream {
  status: () => number | undefined;
  headers: () => Record<string, unknown>;
  text: () => string;
  frames: () => any[];
  isOver: () => boolean;
  close: () => void;
}

export const REPO = 'https://git.example.com/platform/apps';
let open: Simulator[] = [];
let streams: Stream[] = [];

/** Closes whatever a test started and followed. */
export async function closeAll(): Promise<void> {
  streams.forEach((stream) => stream.close());
  await Promise.all(open.map((simulator) => simulator.close()));
  open = [];
  streams = [];
}

/** A simulator that is closed after the test: an empty world, four times as fast, nothing reconciled by itself. */
export async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await Simulator.start({ world: 'empty', speed: 4, reconcileMs: 0, ...options });
  open.push(simulator);
  return simulator;
}

/** One request on a connection of its own. An empty header value leaves the header out. */
export function call(
  simulator: Simulator,
  line: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const given = {
    authorization: `Bearer ${simulator.tokens.admin}`,
    ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  return new Promise((resolve, reject) => {
    const outgoing = request(`${simulator.url}${path}`, { method, headers: sent, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const raw = Buffer.concat(chunks);
        const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
        let json: unknown;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** A stream that is read as it comes; a token in `authorization` replaces the administrator's. */
export function follow(
  simulator: Simulator,
  path: string,
  headers: Record<string, string> = { accept: 'text/event-stream' },
): Stream {
  let status: number | undefined;
  let got: Record<string, unknown> = {};
  let text = '';
  let isOver = false;
  const outgoing = request(
    `${simulator.url}${path}`,
    { headers: { authorization: `Bearer ${simulator.tokens.admin}`, ...headers }, agent: false },
    (response) => {
      status = response.statusCode;
      got = response.headers;
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('close', () => (isOver = true));
      response.on('error', () => (isOver = true));
    },
  );
  outgoing.on('error', () => (isOver = true));
  outgoing.end();
  const stream: Stream = {
    status: () => status,
    headers: () => got,
    text: () => text,
    frames: () =>
      text
        .split('\n')
        .map((line) => line.replace(/^data: /, '').trim())
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line)),
    isOver: () => isOver,
    close: () => outgoing.destroy(),
  };
  streams.push(stream);
  return stream;
}

/** Looks again and again until it is fine; fails with what it saw last. */
export async function eventually<T>(
  read: () => T | Promise<T>,
  isFine: (value: T) => boolean = Boolean,
  ms = 5000,
): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (isFine(value)) return value;
    if (Date.now() > until) throw new Error(`not within ${ms} ms; last: ${JSON.stringify(value)?.slice(0, 600)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const application = (name: string, path = 'config', spec: object = {}): object => ({
  metadata: { name, labels: { env: 'prod' } },
  spec: {
    project: 'default',
    source: { repoURL: REPO, path, targetRevision: 'main' },
    destination: { server: 'https://kubernetes.default.svc', namespace: name },
    syncPolicy: { syncOptions: ['CreateNamespace=true'] },
    ...spec,
  },
});
export const get = async (simulator: Simulator, name: string): Promise<any> =>
  (await call(simulator, `GET /api/v1/applications/${name}`)).json;

/** Creates an application and waits until it was compared. */
export async function create(simulator: Simulator, name: string, path = 'config', spec: object = {}): Promise<any> {
  const created = await call(simulator, 'POST /api/v1/applications', application(name, path, spec));
  if (created.status !== 200) throw new Error(created.text);
  return eventually(
    () => get(simulator, name),
    (found) => found.status.reconciledAt !== undefined,
  );
}

/** Syncs and waits for the end of the operation. */
export async function sync(simulator: Simulator, name: string, body: object = {}): Promise<any> {
  const answer = await call(simulator, `POST /api/v1/applications/${name}/sync`, body);
  if (answer.status !== 200) throw new Error(answer.text);
  return eventually(
    () => get(simulator, name),
    (found) => found.operation === undefined && found.status.operationState !== undefined,
  );
}
