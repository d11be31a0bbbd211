import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { stepsOf } from './link-walk.js';

/** Editors and Kubernetes write in several steps; what follows within this time belongs to the same change. */
const settleMs = 250;
/** Network file systems tell nobody of changes, and a watch can be lost: everything is looked at so often anyway. */
const lookAgainMs = 30_000;

export interface FileWatchTimes {
  settleMs: number;
  lookAgainMs: number;
}

/**
 * Tells when one of some files is another one: written, replaced by renaming, or reached through a link that leads
 * elsewhere, as when Kubernetes swaps `..data`. What the system tells of is only a reason to look; what counts is
 * whether a file has become another one (device, inode, size, times). Files that are missing may come.
 */
export class FileWatch {
  private files: readonly string[] = [];
  private state = '';
  private watched = '';
  private watchers: readonly FSWatcher[] = [];
  private timer?: NodeJS.Timeout;
  /** When the first was heard of what was not looked at yet. */
  private heardAt?: number;
  private readonly again: NodeJS.Timeout;
  private readonly times: FileWatchTimes;
  private looking: Promise<void> = Promise.resolve();
  private isClosed = false;

  /** @param onChange is called after each change. It must not throw. */
  constructor(
    private readonly onChange: () => void,
    times: Partial<FileWatchTimes> = {},
  ) {
    this.times = { settleMs, lookAgainMs, ...times };
    this.again = setInterval(() => this.look(), this.times.lookAgainMs);
    this.again.unref();
  }

  /** Watches these and no others from now on; resolves when it does. What they are now counts as unchanged. */
  watch(files: readonly string[]): Promise<void> {
    return this.inTurn(async () => {
      this.files = files;
      this.state = await stateOf(files);
      await this.follow();
    });
  }

  /** Nothing is left, and `onChange` is called no more. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    clearInterval(this.again);
    await this.looking;
    for (const watcher of this.watchers) watcher.close();
  }

  private soon(): void {
    if (this.isClosed) return;
    const now = performance.now();
    this.heardAt ??= now;
    // Somebody who goes on writing is not waited for for ever.
    const ms = Math.max(0, Math.min(this.times.settleMs, this.heardAt + 10 * this.times.settleMs - now));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), ms);
    this.timer.unref();
  }

  private look(): void {
    this.heardAt = undefined;
    void this.inTurn(async () => {
      const state = await stateOf(this.files);
      const isChange = state !== this.state;
      this.state = state;
      await this.follow();
      if (isChange && !this.isClosed) this.onChange();
    });
  }

  /** One look at a time. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.looking = this.looking.then(async () => {
      if (!this.isClosed) await work();
    });
    return this.looking;
  }

  /** Watches the folders that the files and the links to them stand in, for these names alone. */
  private async follow(): Promise<void> {
    const names = new Map<string, Set<string>>();
    for (const { folder, name } of (await Promise.all(this.files.map(stepsOf))).flat()) {
      names.set(folder, (names.get(folder) ?? new Set()).add(name));
    }
    // A folder that was replaced has the same path and is another one.
    const told = [...names].flatMap(([folder, known]) => [folder, ...known]);
    const watched = `${await identitiesOf([...names.keys()])}\n${told.join('\0')}`;
    if (watched === this.watched || this.isClosed) return;
    this.watched = watched;
    const before = this.watchers;
    this.watchers = [...names].flatMap(([folder, known]) => this.listenTo(folder, known));
    for (const watcher of before) watcher.close();
    // What came between the look and now was told to nobody.
    this.soon();
  }

  /**
   * The system's own word, name by name, and no library that reads the whole folder at each of them: others may write
   * into it all the time. Where the system refuses to watch, the look from time to time remains.
   */
  private listenTo(folder: string, names: ReadonlySet<string>): FSWatcher[] {
    const self = basename(folder);
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // The folder itself is told of by its own name.
        if (name === null || name === self || names.has(name)) this.soon();
      });
      return [watcher.on('error', () => this.soon())];
    } catch {
      return [];
    }
  }
}

/** Tells folders from others at the same path. */
async function identitiesOf(folders: readonly string[]): Promise<string> {
  const stats = await Promise.all(folders.map((folder) => stat(folder, { bigint: true }).catch(() => undefined)));
  return stats.map((one) => one && `${one.dev}:${one.ino}`).join('\n');
}

/** Tells files from what they were before, through all links. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = await Promise.all(
    files.map(async (file) => {
      const stats = await stat(file, { bigint: true }).catch(() => undefined);
      return stats && [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
    }),
  );
  return states.join('\n');
}
