import { Gauge, type Registry } from 'prom-client';

/** How many applications of a project of a cluster are in one state. */
export interface ApplicationCount {
  cluster: string;
  project: string;
  health: string;
  sync: string;
  count: number;
}

/** The gauge of applications, read at the scrape: clusters that are gone leave no series behind. */
export function applicationGauge(registry: Registry, read: () => AsyncIterable<ApplicationCount>): void {
  new Gauge({
    name: 'fleet_applications',
    help: 'Applications by cluster, project, health and sync. Of a cluster with very many projects, the smallest are "other".',
    labelNames: ['cluster', 'project', 'health', 'sync'],
    registers: [registry],
    async collect() {
      const counts: ApplicationCount[] = [];
      for await (const count of read()) counts.push(count);
      this.reset();
      for (const { count, ...labels } of counts) this.set(labels, count);
    },
  });
}
