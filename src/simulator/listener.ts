import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer as createNetServer } from 'node:net';

export interface Tls {
  cert: string;
  key: string;
}

/** Argo CD's server sets no time-outs of its own. */
const NO_TIMEOUTS = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
const TLS_HANDSHAKE = 0x16;

/** The listening side of a simulator: one port that can be closed and opened again, and every socket that came in. */
export class Listener {
  private readonly sockets = new Set<Socket>();
  private server: NetServer | undefined;

  /** @param port 0 for a free one; the one that was given is kept from then on. */
  constructor(
    readonly host: string,
    public port: number,
    private readonly tls: Tls | undefined,
    private readonly onRequest: RequestListener,
  ) {}

  get origin(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `${this.tls ? 'https' : 'http'}://${host}:${this.port}`;
  }

  /** Rejects if the port is taken. Does nothing while it listens. */
  async open(): Promise<void> {
    if (this.server) return;
    const plain = createServer(NO_TIMEOUTS, this.onRequest);
    plain.on('clientError', (_error, socket) => socket.destroy());
    const server: NetServer = this.tls ? behindTls(plain, this.tls) : plain;
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.host, () => resolve());
    });
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** New connections are refused from now on. Gives the ones that are open. */
  refuse(): Socket[] {
    this.server?.close();
    this.server = undefined;
    return [...this.sockets];
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = server?.listening
      ? new Promise<void>((resolve) => server.close(() => resolve()))
      : Promise.resolve();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

/** TLS, and on the same port a redirect for who speaks plain HTTP (lesson 16). */
function behindTls(plain: Server, tls: Tls): NetServer {
  const secure = createTlsServer({ ...tls, ...NO_TIMEOUTS, ALPNProtocols: ['http/1.1'] }, (request, response) =>
    plain.emit('request', request, response),
  );
  const redirect = createServer((request, response) => {
    const location = `https://${request.headers.host ?? ''}${request.url ?? '/'}`;
    const body = request.method === 'GET' ? `<a href="${location}">Temporary Redirect</a>.\n\n` : '';
    response.writeHead(307, {
      ...(body ? { 'Content-Type': 'text/html; charset=utf-8' } : {}),
      Location: location,
      'Content-Length': String(Buffer.byteLength(body)),
    });
    response.end(body);
  });
  return createNetServer((socket) => {
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      (first[0] === TLS_HANDSHAKE ? secure : redirect).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
}
