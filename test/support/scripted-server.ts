import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { recordedBody, type Recording } from './recordings.js';

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Script = (request: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server on loopback that does what a test says, lies included, and remembers what it was asked. */
export class ScriptedServer {
  readonly requests: SeenRequest[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((request, response) => void this.answer(request, response));

  private constructor(private script: Script) {
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script);
    await new Promise<void>((resolve) => scripted.server.listen(0, '127.0.0.1', resolve));
    return scripted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get openSockets(): number {
    return this.sockets.size;
  }

  /** What happens from now on. */
  use(script: Script): void {
    this.script = script;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    try {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString('utf8'),
      };
      this.requests.push(seen);
      this.script(seen, response);
    } catch {
      // The client went away.
    }
  }
}

/** Answers with JSON, the way Argo CD does. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Replays an answer that was recorded. */
export const replay =
  (recorded: Recording): Script =>
  (_request, response) => {
    const { status = 200, headers = {} } = recorded.response;
    const { 'content-type': type, location } = headers as { 'content-type'?: string; location?: string };
    response.writeHead(status, { ...(type ? { 'content-type': type } : {}), ...(location ? { location } : {}) });
    response.end(recordedBody(recorded));
  };

/** Replays a recorded stream read by read, without its pauses, and leaves it open unless told otherwise. */
export const replayStream =
  (recorded: Recording, end: 'open' | 'clean' | 'reset' = 'open'): Script =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunks = [...(recorded.response.chunks ?? [])];
    const next = (): void => {
      const chunk = chunks.shift();
      if (chunk) response.write(chunk.text, () => setImmediate(next));
      else if (end === 'clean') response.end();
      else if (end === 'reset') response.destroy();
    };
    next();
  };
