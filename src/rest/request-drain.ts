import type { Server } from 'node:http';

/** How often connections that have fallen idle are closed while draining. */
const sweepMs = 50;

/**
 * Ends the HTTP server without breaking what it is doing: no new connection, answers close theirs, calls under way get
 * a bounded time.
 */
export class RequestDrain {
  private underWay = 0;
  private onIdle: (() => void) | undefined;
  private draining = false;
  private over = false;

  /** From now on answers close their connection, and readiness is gone. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** The time is over: what is behind the routes may be closed already. */
  get isOver(): boolean {
    return this.over;
  }

  enter(): void {
    this.underWay++;
  }

  leave(): void {
    if (--this.underWay === 0) this.onIdle?.();
  }

  /** Resolves when no call is under way, after `timeoutMs` at the latest. */
  async drain(server: Server, timeoutMs: number): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    if (server.listening) server.close();
    const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
    let timer: NodeJS.Timeout | undefined;
    if (this.underWay > 0) {
      const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
      await Promise.race([idle, new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)))]);
    }
    clearTimeout(timer);
    clearInterval(sweep);
    server.closeIdleConnections();
    this.over = true;
  }
}
