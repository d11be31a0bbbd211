import type { ConfigReload, ReloadReason, ReloadResult } from './config-reload.js';
import { FileWatch, type FileWatchTimes } from './file-watch.js';

/** What was refused is tried again so often: a file that it names may come later than the one that names it. */
const againMs = 15_000;

/** Reloads the configuration whenever one of the files that it stands in or names is another one. */
export class ConfigWatch {
  private readonly files: FileWatch;
  private readonly timer: NodeJS.Timeout;
  private watched: readonly string[] = [];
  private isClosed = false;

  constructor(
    private readonly configuration: ConfigReload,
    times: Partial<FileWatchTimes & { againMs: number }> = {},
  ) {
    this.files = new FileWatch(() => void this.reload('file'), times);
    this.timer = setInterval(() => {
      if (configuration.isBehind) void this.reload('again');
    }, times.againMs ?? againMs);
    this.timer.unref();
  }

  /** Resolves when every change from now on is noticed; one that came before is taken over. */
  async start(): Promise<void> {
    await this.watchAll();
  }

  /** Never throws. */
  async reload(because: ReloadReason): Promise<ReloadResult> {
    const result = await this.configuration.reload(because);
    await this.watchAll();
    return result;
  }

  /** Files that were not watched were read before they are: whatever came between is found by reading once more. */
  private async watchAll(): Promise<void> {
    for (;;) {
      const { files } = this.configuration;
      const isNew = files.some((file) => !this.watched.includes(file));
      if (this.isClosed || (!isNew && files.length === this.watched.length)) return;
      this.watched = files;
      await this.files.watch(files);
      if (isNew) await this.configuration.reload('again');
    }
  }

  /** Nothing is left; a reload that is under way ends first. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    await this.files.close();
    await this.configuration.idle();
  }
}
