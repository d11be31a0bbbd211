import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { watch, type FSWatcher } from 'chokidar';
import { pathOf, stepsOf } from './link-walk.js';

/** Editors and Kubernetes write in several steps; what follows within this time belongs to the same change. */
const settleMs = 250;
/** Network file systems tell nobody of changes, and a watch can be lost: everything is looked at so often anyway. */
const lookAgainMs = 30_000;
const readyMaxMs = 5_000;

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
  private watcher?: FSWatcher;
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
    await this.watcher?.close();
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
    const steps = (await Promise.all(this.files.map(stepsOf))).flat();
    const folders = new Set(steps.map(({ folder }) => folder));
    const paths = new Set(steps.map(pathOf));
    const watched = [...folders, ...paths].join('\0');
    if (watched === this.watched || this.isClosed) return;
    this.watched = watched;
    const before = this.watcher;
    this.watcher = watch([...folders], {
      ignored: (path) => !folders.has(path) && !paths.has(path),
      depth: 0,
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
    });
    this.watcher.on('all', () => this.soon());
    // What the library makes of a file that is replaced by renaming depends on the moment; what it heard does not.
    this.watcher.on('raw', (_event, name: string | null, about: unknown) => {
      const { watchedPath = '' } = about as { watchedPath?: string };
      if ([watchedPath, join(watchedPath, name ?? '')].some((path) => paths.has(path))) this.soon();
    });
    this.watcher.on('error', () => this.soon());
    await isReady(this.watcher);
    await before?.close();
    // What came between the look and now was told to nobody.
    this.soon();
  }
}

/** Where the system refuses to watch, nobody says so: the look from time to time remains. */
async function isReady(watcher: FSWatcher): Promise<void> {
  const waiting = new AbortController();
  const late = pause(readyMaxMs, undefined, { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([new Promise<void>((resolve) => watcher.once('ready', resolve)), late]);
  waiting.abort();
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
