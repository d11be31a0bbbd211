import { selfTimes } from './profile.mjs';

/** A running server of ours, and what its probe tells of it (`probe.mjs`). */
export class ServerProcess {
  #lastId = 0;
  #waiting = new Map();

  constructor(child, origin) {
    this.child = child;
    this.origin = origin;
    child.on('message', ({ id, answer }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  /** Forgets what was measured until now. */
  reset() {
    return this.#ask('reset');
  }

  /** Memory, and how long the event loop stood still at worst. */
  read() {
    return this.#ask('read');
  }

  /** Where the time went while something ran, as rows of a table. */
  async profile(work) {
    await this.#ask('startProfile');
    await work();
    return selfTimes(await this.#ask('stopProfile'));
  }

  #ask(probe) {
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.child.send({ probe, id });
    });
  }
}
