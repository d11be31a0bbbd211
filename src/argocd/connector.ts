import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** Material for TLS, not the paths of it. `ca` replaces the roots that the system trusts. */
export interface TlsMaterial {
  ca?: string;
  cert?: string;
  key?: string;
  insecureSkipVerify?: boolean;
}

export interface Connector {
  connect: buildConnector.connector;
  /** Gives up what is still being connected: destroying a pool or client does not reach those sockets. */
  giveUp(): void;
}

export function connector(tls: TlsMaterial, timeoutMs: number): Connector {
  const connecting = new Set<Socket>();
  const build = buildConnector({
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    rejectUnauthorized: !tls.insecureSkipVerify,
    timeout: timeoutMs,
  });
  return {
    connect: (options, callback) => {
      // The library returns the socket, though its types do not say so.
      const socket = build(options, callback) as unknown;
      if (!isSocket(socket)) return;
      connecting.add(socket);
      const done = (): void => void connecting.delete(socket);
      socket.once(options.protocol === 'https:' ? 'secureConnect' : 'connect', done).once('close', done);
    },
    giveUp: () => {
      for (const socket of connecting) socket.destroy(new Error('no longer wanted'));
      connecting.clear();
    },
  };
}

const isSocket = (value: unknown): value is Socket => typeof value === 'object' && value !== null && 'destroy' in value;
