import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';

/** The content of a file of test/fixtures/tls. */
export const pem = (name: string): string => readFileSync(join('test', 'fixtures', 'tls', `${name}.pem`), 'utf8');

/** A port that speaks TLS with a certificate of the fixtures and hands all on to a port that does not. */
export class TlsFront {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(target: URL, certificate: string) {
    this.server = createServer({ ...pair(certificate), ALPNProtocols: ['http/1.1'] }, (outside) => {
      const inside = connect(Number(target.port), target.hostname);
      for (const [socket, other] of [
        [outside, inside],
        [inside, outside],
      ] as const) {
        this.sockets.add(socket);
        socket
          .on('error', () => undefined)
          .once('close', () => {
            this.sockets.delete(socket);
            other.destroy();
          });
        socket.pipe(other);
      }
    }).on('tlsClientError', () => undefined);
  }

  /** @param certificate name of a certificate and its key among the fixtures */
  static async before(url: string, certificate: string): Promise<TlsFront> {
    const front = new TlsFront(new URL(url), certificate);
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Shows another certificate from now on; connections that are open end, as when a server is started anew. */
  show(certificate: string): void {
    this.server.setSecureContext(pair(certificate));
    this.cut();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  private cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

const pair = (name: string): { cert: string; key: string } => ({ cert: pem(name), key: pem(`${name}.key`) });
