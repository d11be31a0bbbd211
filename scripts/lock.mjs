import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const beatMs = 2_000;
const deadAfterMs = 15_000;

/**
 * Runs `work` while no other process does so under the same lock file. The holder touches the file every two seconds;
 * a file that nobody has touched for a while belongs to a process that was killed, and is taken over.
 */
export async function withLock(path, work) {
  const owner = `${process.pid} ${Math.random()}`;
  await take(path, owner);
  const release = () => {
    if (readOwner(path) === owner) rmSync(path, { force: true });
  };
  const onSignal = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const beat = setInterval(() => touch(path), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    release();
  }
}

async function take(path, owner) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(path, owner, { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isDead(path)) removeDead(path, owner);
    else {
      if (!told) console.error('Another process is installing or building; waiting for it ...');
      await delay(200);
    }
  }
}

function isDead(path) {
  try {
    return Date.now() - statSync(path).mtimeMs > deadAfterMs;
  } catch {
    return false;
  }
}

/**
 * Moves the file away before removing it: of several that find it dead only one succeeds, the others try again. What
 * was moved and turns out to live (somebody else was faster with the dead one) goes back.
 */
function removeDead(path, owner) {
  const away = `${path}.${owner.replace(' ', '-')}`;
  try {
    renameSync(path, away);
    if (isDead(away)) rmSync(away, { force: true });
    else renameSync(away, path);
  } catch {
    // Somebody else has moved it.
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Gone: the work goes on, and whoever takes the lock now does the same work again.
  }
}

function readOwner(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
