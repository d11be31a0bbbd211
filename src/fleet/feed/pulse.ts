import { setTimeout as pause } from 'node:timers/promises';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import { AppError } from '../../errors/app-error.js';

const everyMs = 15_000;
const sickEveryMs = 3_000;
/** Between two questions at least, however often somebody asks for one. */
const gapMs = 500;

/**
 * Asks a small question of a cluster from time to time, because an open stream proves too little: it outlives its
 * token, and it goes on while every other request hangs or is refused.
 */
export class Pulse {
  private wake: () => void = () => {};

  constructor(
    private readonly api: ArgoCdApi,
    /** Milliseconds until the token expires: an open stream outlives it. */
    private readonly untilExpiry: () => Promise<number>,
    private readonly listener: { sick(error: AppError): void; well(readsEverything: boolean): void },
  ) {}

  /** Asks until the signal fires; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (let isWell = true; ; isWell = await this.ask(signal)) {
        const asked = new Promise<void>((resolve) => (this.wake = resolve));
        const usualMs = (isWell ? everyMs : sickEveryMs) * (0.8 + Math.random() * 0.4);
        const waitMs = Math.min(usualMs, await this.untilExpiry());
        await Promise.race([asked, pause(waitMs, undefined, { signal })]);
        await pause(gapMs, undefined, { signal });
      }
    } catch {
      // Aborted.
    }
  }

  /** Somebody's request failed: asks now instead of when its time comes. */
  askNow(): void {
    this.wake();
  }

  private async ask(signal: AbortSignal): Promise<boolean> {
    try {
      this.listener.well(await mayReadEverything(this.api, signal));
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      this.listener.sick(AppError.from(error));
      return false;
    }
  }
}

/** Whether the account may read the applications of every project. False says nothing about some of them. */
export const mayReadEverything = (api: ArgoCdApi, signal: AbortSignal): Promise<boolean> =>
  api.canI('applications', 'get', '*/*', { signal });
