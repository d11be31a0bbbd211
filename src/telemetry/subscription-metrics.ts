import { Counter, Gauge, type Registry } from 'prom-client';

/** Subscriptions of MCP clients over HTTP; stdio has one client, who knows. */
export class SubscriptionMetrics {
  private readonly open: Gauge;
  private readonly endings: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.open = new Gauge({ name: 'mcp_subscriptions', help: 'MCP subscriptions over HTTP that are open.', registers });
    this.endings = new Counter({
      name: 'mcp_subscriptions_ended_total',
      help: 'MCP subscriptions over HTTP that ended: gone (the client went), slow (cut off), revoked (its key), stopped (this process).',
      labelNames: ['ending'],
      registers,
    });
  }

  began(): void {
    this.open.inc();
  }

  /** @param ending gone, slow, revoked or stopped */
  ended(ending: string): void {
    this.open.dec();
    this.endings.inc({ ending });
  }
}
