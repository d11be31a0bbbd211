/** The instance's own idea of the time, which a fault may shift, and its timers, which `stop` ends without a trace. */
export class Clock {
  skewMs = 0;
  private readonly timers = new Set<NodeJS.Timeout>();
  private isStopped = false;

  /** @param speed divides every delay of the controller; 1 is a normal sync in 300 to 900 ms. */
  constructor(private readonly speed: number) {}

  now(): Date {
    return new Date(Date.now() + this.skewMs);
  }

  /** Whole seconds, as Kubernetes writes times: `2026-11-24T03:26:55Z`. */
  stamp(): string {
    return stampOf(this.now());
  }

  /** Runs `work` after `ms` of simulated time, unless the clock was stopped first. */
  after(ms: number, work: () => void): () => void {
    if (this.isStopped) return () => undefined;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms / this.speed);
    this.timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.timers.delete(timer);
    };
  }

  stop(): void {
    this.isStopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

export function stampOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** `3:28AM`, the form in which Argo CD announces a retry (UTC). */
export function kitchenTime(date: Date): string {
  const hours = date.getUTCHours();
  return `${hours % 12 === 0 ? 12 : hours % 12}:${String(date.getUTCMinutes()).padStart(2, '0')}${hours < 12 ? 'AM' : 'PM'}`;
}

/** Milliseconds of a Go duration such as `3m0s` or `250ms`; undefined if it is none. */
export function goDurationMs(text: string | undefined): number | undefined {
  if (!text || !/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(text)) return undefined;
  const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|ms|s|m|h)/g))
    total += Number(amount) * unitMs[unit!]!;
  return total;
}
