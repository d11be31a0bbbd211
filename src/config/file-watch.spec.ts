import { createHook } from 'node:async_hooks';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { FileWatch } from './file-watch.js';
import { stepsOf } from './link-walk.js';

/** Long: what is noticed in these tests is noticed because the system told it. */
const times = { settleMs: 60, lookAgainMs: 600_000 };

describe('watching files', () => {
  let folder: string;
  let changes: number;
  let watch: FileWatch;
  const at = (...parts: string[]) => join(folder, ...parts);
  const noticed = (count: number) => eventually(() => expect(changes).toBe(count));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleet-watch-'));
    changes = 0;
    watch = new FileWatch(() => void changes++, times);
  });
  afterEach(async () => {
    await watch.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('notices a write, a replacement by renaming, a removal and a return, each once', async () => {
    writeFileSync(at('fleet.yaml'), 'a');
    await watch.watch([at('fleet.yaml')]);
    writeFileSync(at('fleet.yaml'), 'b');
    await noticed(1);
    writeFileSync(at('.fleet.yaml.swp'), 'c');
    renameSync(at('.fleet.yaml.swp'), at('fleet.yaml'));
    await noticed(2);
    renameSync(at('fleet.yaml'), at('fleet.yaml~'));
    await noticed(3);
    writeFileSync(at('fleet.yaml'), 'd');
    await noticed(4);
    // A file that was replaced is still watched.
    appendFileSync(at('fleet.yaml'), 'e');
    await noticed(5);
  });

  it('notices the swap of ..data by which Kubernetes updates a mounted volume, again and again', async () => {
    const version = (name: string, token: string): void => {
      mkdirSync(at(name));
      writeFileSync(at(name, 'token'), token);
    };
    version('..one', 'a');
    symlinkSync('..one', at('..data'));
    symlinkSync(join('..data', 'token'), at('token'));
    await watch.watch([at('token')]);
    for (const [round, name] of ['..two', '..three', '..four'].entries()) {
      version(name, 'a');
      symlinkSync(name, at('..data_tmp'));
      renameSync(at('..data_tmp'), at('..data'));
      await noticed(round + 1);
    }
  });

  it('notices when a folder on the way is a link that leads elsewhere', async () => {
    for (const release of ['one', 'two']) {
      mkdirSync(at(release, 'config'), { recursive: true });
      writeFileSync(at(release, 'config', 'fleet.yaml'), release);
    }
    symlinkSync('one', at('current'));
    await watch.watch([at('current', 'config', 'fleet.yaml')]);
    symlinkSync('two', at('next'));
    renameSync(at('next'), at('current'));
    await noticed(1);
    writeFileSync(at('two', 'config', 'fleet.yaml'), 'changed');
    await noticed(2);
  });

  it('notices a file that comes later, folder and all', async () => {
    await watch.watch([at('secrets', 'token')]);
    mkdirSync(at('secrets'));
    writeFileSync(at('secrets', 'token'), 'a');
    await eventually(() => expect(changes).toBeGreaterThan(0));
  });

  it('does not mind other files in the same folder, nor a touch of nothing', async () => {
    writeFileSync(at('fleet.yaml'), 'a');
    await watch.watch([at('fleet.yaml')]);
    for (let i = 0; i < 20; i++) writeFileSync(at(`other-${i}`), 'x');
    await pause(200);
    expect(changes).toBe(0);
    writeFileSync(at('fleet.yaml'), 'b');
    await noticed(1);
  });

  it('notices a file in a folder that was replaced as a whole, also the next change of it', async () => {
    const put = (name: string, text: string): void => {
      mkdirSync(at(name));
      writeFileSync(at(name, 'token'), text);
    };
    put('secrets', 'a');
    await watch.watch([at('secrets', 'token')]);
    put('next', 'b');
    renameSync(at('secrets'), at('old'));
    renameSync(at('next'), at('secrets'));
    await noticed(1);
    writeFileSync(at('secrets', 'token'), 'c');
    await noticed(2);
  });

  it('notices a file that came to be watched beside one that already was', async () => {
    writeFileSync(at('fleet.yaml'), 'a');
    writeFileSync(at('token'), 'a');
    await watch.watch([at('fleet.yaml')]);
    await watch.watch([at('fleet.yaml'), at('token')]);
    await pause(200);
    writeFileSync(at('token'), 'b');
    await noticed(1);
  });

  it('asks the system for nothing because of what others write beside it', async () => {
    const settleMs = 5;
    await watch.close();
    watch = new FileWatch(() => void changes++, { ...times, settleMs });
    writeFileSync(at('fleet.yaml'), 'a');
    writeFileSync(at('log'), '');
    await watch.watch([at('fleet.yaml')]);
    // The look that follows every new watch has begun after this time; then this waits until it has ended, however late.
    await pause(3 * settleMs);
    await watch.watch([at('fleet.yaml')]);
    let asked = 0;
    const hook = createHook({ init: (_id, type) => void (asked += /^FSREQ/.test(type) ? 1 : 0) }).enable();
    try {
      // A look that was due before may come late: the count begins when none has come for long.
      for (let before = -1; before !== asked;) {
        before = asked;
        await pause(20 * settleMs);
      }
      asked = 0;
      for (let i = 0; i < 20; i++) {
        appendFileSync(at('log'), 'x');
        // Long enough for a look, if there were one.
        await pause(3 * settleMs);
      }
      expect(asked).toBe(0);
      // The hook does hear what is asked.
      writeFileSync(at('fleet.yaml'), 'b');
      await noticed(1);
      expect(asked).toBeGreaterThan(0);
    } finally {
      hook.disable();
    }
  });

  it('looks from time to time where the system tells of nothing', async () => {
    await watch.close();
    writeFileSync(at('fleet.yaml'), 'a');
    watch = new FileWatch(() => void changes++, { settleMs: 600_000, lookAgainMs: 50 });
    await watch.watch([at('fleet.yaml')]);
    writeFileSync(at('fleet.yaml'), 'b');
    await noticed(1);
  });

  it('says nothing more once it is closed', async () => {
    writeFileSync(at('fleet.yaml'), 'a');
    await watch.watch([at('fleet.yaml')]);
    await watch.close();
    writeFileSync(at('fleet.yaml'), 'b');
    await pause(150);
    expect(changes).toBe(0);
  });

  it('a circle of links ends', async () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    await expect(stepsOf(at('a'))).resolves.toBeDefined();
  });
});
