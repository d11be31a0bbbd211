import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { freePort, until } from './stage.mjs';

const programs = ['redis-server', 'valkey-server'];

/** A Redis of its own on loopback, as the tests have one; undefined where no program for it is on the PATH. */
export async function startRedis(stage) {
  const program = programs.find(isThere);
  if (!program) return undefined;
  const port = await freePort();
  const folder = join(stage.folder, `redis-${port}`);
  mkdirSync(folder);
  const options = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = stage.spawnProgram(program, [...args, '--loglevel', 'warning']);
  child.stdout.resume();
  await until(child, () => ping(port));
  return `redis://127.0.0.1:${port}`;
}

function isThere(program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function ping(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
  });
}
