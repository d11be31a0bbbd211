import 'reflect-metadata';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { guardPolicy, guardRequest } from '../../dist/auth/request-guard.js';
import { createHttpHandler } from '../../dist/mcp/http-handler.js';
import { McpEndpoint } from '../../dist/mcp/mcp-endpoint.js';
import { createLogger } from '../../dist/telemetry/logger.js';
import { everything } from './everything.mjs';

/**
 * The product's own endpoint (guard, body parsing, authentication hook, header checks, both eras) over the servers of
 * the suite instead of the product's. Prints its address when it listens; ends when stdin ends.
 */
const log = createLogger('error');
const caller = {
  name: 'local',
  role: 'admin',
  tool: () => true,
  scope: { cluster: () => true, project: () => true, key: '*' },
};
const mirrored = { test_x_mcp_header: [{ argument: 'region', header: 'Region' }] };

const handler = createHttpHandler(
  { create: () => everything(handler.notify), mirroredArguments: (name) => mirrored[name] ?? [] },
  log,
);
const fastify = new FastifyAdapter({ forceCloseConnections: true }).getInstance();
const policy = guardPolicy({ host: '127.0.0.1', allowedHosts: [], corsOrigins: [] });
fastify.addHook('onRequest', (request, reply, done) => {
  const { host, origin, 'content-type': contentType, 'content-length': length = '0' } = request.headers;
  const refusal = guardRequest(
    { method: request.method, host, origin, contentType, hasBody: Number(length) > 0 },
    policy,
  );
  if (refusal) void reply.code(refusal.status).send({ detail: refusal.error.message });
  else done();
});
new McpEndpoint({ handler, authenticate: () => caller, log }).mount(fastify);
console.log(await fastify.listen({ host: '127.0.0.1', port: 0 }));
process.stdin.resume().once('end', () => process.exit(0));
