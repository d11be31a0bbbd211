import { connect } from 'node:net';

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/**
 * A request as the bytes that go over the wire: made once, so that sending it costs the generator nothing. Several bodies
 * are sent one after the other, and then again.
 */
export function wire(origin, { method = 'GET', path, headers = {}, bodies = [''] }) {
  const { host, hostname, port } = new URL(origin);
  const bytes = bodies.map((body) => {
    const all = { host, ...headers, ...(body ? { 'content-length': Buffer.byteLength(body) } : {}) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  });
  let next = 0;
  const nextBytes = () => bytes[next++ % bytes.length];
  return { what: `${method} ${path}`, hostname, port: Number(port), nextBytes };
}

/**
 * Keeps one request under way on each of so many connections for so long. Raw sockets that are kept alive, without
 * pipelining: on a machine of few processors a costly generator would flatter whoever is slow. An answer other than 200
 * ends the bench.
 */
export async function load(request, connections, durationMs) {
  const latencies = [];
  const startedAt = performance.now();
  const end = startedAt + durationMs;
  const sizes = await Promise.all(Array.from({ length: connections }, () => ask(request, end, latencies)));
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)],
    p99Ms: latencies[Math.floor(latencies.length * 0.99)],
    bodyBytes: Math.max(...sizes),
  };
}

/** One connection. Resolves to the bytes of an answer's body when the time is over. */
function ask({ what, hostname, port, nextBytes }, end, latencies) {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let head = Buffer.alloc(0);
    let missing = 0;
    let bodyBytes = 0;
    let isChunked = false;
    const socket = connect({
      host: hostname,
      port,
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(262_144), callback: (count, buffer) => taken(buffer.subarray(0, count)) },
    });
    const send = () => {
      head = Buffer.alloc(0);
      missing = -1;
      sentAt = performance.now();
      socket.write(nextBytes());
    };
    const taken = (chunk) => {
      if (missing === -1) {
        const text = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
        const at = text.indexOf(headEnd);
        if (at === -1) return keep(text);
        const lines = text.latin1Slice(0, at);
        if (!lines.startsWith('HTTP/1.1 200')) return fail(text.toString('utf8').slice(0, 500));
        const length = /content-length: *(\d+)/i.exec(lines)?.[1];
        isChunked = length === undefined;
        missing = isChunked ? -2 : Number(length);
        bodyBytes = isChunked ? 0 : missing;
        chunk = text.subarray(at + headEnd.length);
      }
      if (isChunked) {
        bodyBytes += chunk.length;
        head = Buffer.concat([head.subarray(-lastChunk.length), chunk]);
        if (head.subarray(-lastChunk.length).equals(lastChunk)) done();
        return true;
      }
      missing -= chunk.length;
      if (missing === 0) done();
      return true;
    };
    const keep = (text) => {
      head = Buffer.from(text);
      return true;
    };
    const fail = (why) => {
      socket.destroy();
      reject(new Error(`${what} answered ${why}`));
      return false;
    };
    const done = () => {
      const now = performance.now();
      latencies.push(now - sentAt);
      if (now < end) return send();
      socket.destroy();
      resolve(bodyBytes);
    };
    socket.once('connect', send);
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`${what}: the connection was closed.`)));
  });
}
