import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { defaultLimits } from '../config/defaults.js';
import { ArgoCdClient, type ArgoCdClientOptions } from './client.js';

const pem = (name: string): string => readFileSync(join('test', 'fixtures', 'tls', name), 'utf8');
const ca = pem('ca.pem');

describe('TLS to an Argo CD', () => {
  let server: Server | undefined;
  let client: ArgoCdClient | undefined;
  let peers: (string | undefined)[] = [];
  afterEach(async () => {
    await client?.close();
    server?.closeAllConnections();
    server?.close();
    peers = [];
  });

  /** An Argo CD of one endpoint that notes the client certificates it saw. */
  async function connect(tls: Partial<ArgoCdClientOptions['tls']>, certificate = 'server', wantsClient = false) {
    server = createServer(
      {
        key: pem(`${certificate}.key.pem`),
        cert: pem(`${certificate}.pem`),
        ca,
        requestCert: wantsClient,
        rejectUnauthorized: wantsClient,
      },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        peers.push(subject?.CN as string | undefined);
        response.setHeader('content-type', 'application/json').end('{"Version":"v3.6.0"}');
      },
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server?.once('listening', resolve));
    client = new ArgoCdClient({
      baseUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { get: async () => 'token', renew: async () => 'token' },
      headers: {},
      tls: { insecureSkipVerify: false, ...tls },
      limits: { ...defaultLimits, timeoutMs: 3000 },
    });
    return client.version();
  }

  it('an authority of our own is trusted when it is configured', async () => {
    await expect(connect({ ca })).resolves.toMatchObject({ Version: 'v3.6.0' });
  });

  it.each([
    ['an unknown authority', {}, 'server'],
    ['a certificate for another host', { ca }, 'elsewhere'],
  ])('%s is refused before a token travels', async (_, tls, certificate) => {
    await expect(connect(tls, certificate)).rejects.toMatchObject({ code: 'cluster_unreachable' });
    expect(peers).toEqual([]);
  });

  it('says that it is the certificate, without an address', async () => {
    const error = await connect({}).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/certificate/i);
    expect((error as Error).message).not.toMatch(/127\.0\.0\.1/);
  });

  it('verification can be turned off, for those who say so', async () => {
    await expect(connect({ insecureSkipVerify: true }, 'elsewhere')).resolves.toBeDefined();
  });

  it('shows the client certificate where one is asked for', async () => {
    const tls = { ca, cert: pem('client.pem'), key: pem('client.key.pem') };
    await expect(connect(tls, 'server', true)).resolves.toBeDefined();
    expect(peers).toEqual(['client']);
  });

  it('without a client certificate such a server cannot be used, and that is told', async () => {
    await expect(connect({ ca }, 'server', true)).rejects.toMatchObject({ code: 'cluster_unreachable' });
  });
});
