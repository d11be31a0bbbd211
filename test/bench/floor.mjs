import { createServer } from 'node:http';

/**
 * The floor, a process of its own: reads a request whole and writes the bytes that its parent gave it, with as few headers
 * as there can be. Tells its port.
 */
process.once('message', ({ contentType, body }) => {
  const bytes = Buffer.from(body);
  const answer = (response) => {
    response.writeHead(200, { 'content-type': contentType, 'content-length': bytes.length });
    response.end(bytes);
  };
  const server = createServer((request, response) => {
    if (request.method === 'GET') answer(response);
    else request.resume().once('end', () => answer(response));
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
process.once('disconnect', () => process.exit(0));
