import { request } from 'undici';

/** The list that a client asks for most, answered from the index, against a server that only writes the same bytes. */
export const cachedList = {
  title: 'Cached list over REST: GET /api/v1/applications',
  floor: 'bare `node:http`, GET, the same bytes',
  connections: 16,

  async prepare(stage) {
    const server = await stage.startServer({ clusters: 5, applications: 200 });
    const path = '/api/v1/applications';
    const answer = await request(`${server}${path}`);
    const body = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${body}`);
    const floor = await stage.startFloor({ contentType: answer.headers['content-type'], body });
    return {
      connections: this.connections,
      bodyBytes: Buffer.byteLength(body),
      ours: { origin: server, path, method: 'GET' },
      floor: { origin: floor, path, method: 'GET' },
    };
  },
};
