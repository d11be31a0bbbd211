import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { selfTimes } from './profile.mjs';

/** A running server of ours, and what its probe tells of it (`probe.mjs`). */
export class ServerProcess {
  #lastId = 0;
  #waiting = new Map();

  /** @param file its configuration */
  constructor(child, origin, file) {
    this.child = child;
    this.origin = origin;
    this.file = file;
    child.on('message', ({ id, answer }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  /** Forgets what was measured until now. */
  reset() {
    return this.#ask('reset');
  }

  /** Memory and processor time; since the last `reset`: processor time, and how long the event loop stood still at worst. */
  read() {
    return this.#ask('read');
  }

  /** Where the time went while something ran, as rows of a table. */
  async profile(work) {
    await this.#ask('startProfile');
    await work();
    return selfTimes(await this.#ask('stopProfile'));
  }

  /** Gives it another configuration while it runs. */
  reconfigure(change) {
    const config = parse(readFileSync(this.file, 'utf8'));
    change(config);
    writeFileSync(`${this.file}.new`, stringify(config), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
    this.child.kill('SIGHUP');
  }

  /** Resolves when it is gone. */
  async end() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
  }

  #ask(probe) {
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.child.send({ probe, id });
    });
  }
}
