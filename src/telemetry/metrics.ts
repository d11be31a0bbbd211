import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { applicationGauge, type ApplicationCount } from './application-gauge.js';
import { ConfigMetrics } from './config-metrics.js';
import { feedGauges, type FeedReading } from './feed-gauges.js';
import { SubscriptionMetrics } from './subscription-metrics.js';
import { TallyHistogram } from './tally-histogram.js';
import { version } from './version.js';

export type BreakerState = 'closed' | 'half_open' | 'open';

const breakerLevels: Record<BreakerState, number> = { closed: 0, half_open: 1, open: 2 };

/**
 * What is measured. One registry per instance, so that several servers can live in one process. No label grows with
 * the number of applications or callers: tools, clusters, job kinds and states are all there is.
 */
export class Metrics {
  private readonly registry = new Registry();
  private feeds: () => Iterable<FeedReading> = () => [];
  private applications: () => AsyncIterable<ApplicationCount> = async function* () {};

  private readonly toolDuration = new TallyHistogram(this.registry, {
    name: 'tool_duration_seconds',
    help: 'Duration of tool calls. The outcome is ok or an error code.',
    labelNames: ['tool', 'outcome'],
    // From an answer out of the index (below a millisecond) to a wait for a job (up to 50 s).
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 10, 30, 60],
  });

  private readonly jobs = new Counter({
    name: 'jobs_total',
    help: 'Jobs that came into a state: queued, running, succeeded, failed, cancelled.',
    labelNames: ['kind', 'state'],
    registers: [this.registry],
  });

  private readonly upstreamRequests = new Counter({
    name: 'upstream_requests_total',
    help: 'Requests to Argo CD. The outcome is ok or an error code.',
    labelNames: ['cluster', 'endpoint', 'outcome'],
    registers: [this.registry],
  });

  private readonly upstreamDuration = new Histogram({
    name: 'upstream_request_duration_seconds',
    help: 'Duration of requests to Argo CD, body included; of streams until their first byte.',
    labelNames: ['cluster', 'endpoint', 'outcome'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  private readonly feedReloads = new Counter({
    name: 'feed_reloads_total',
    help: 'Times that all rows of a cluster were read anew from Redis, because changes of them were missed.',
    labelNames: ['cluster'],
    registers: [this.registry],
  });

  private readonly breaker = new Gauge({
    name: 'upstream_breaker_state',
    help: 'Circuit breaker of a cluster: 0 closed, 1 half open, 2 open.',
    labelNames: ['cluster'],
    registers: [this.registry],
  });

  private readonly eventsSent = new Counter({
    name: 'event_stream_events_total',
    help: 'Events sent to readers of /api/v1/events: application, cluster, job, reset.',
    labelNames: ['type'],
    registers: [this.registry],
  });

  private readonly eventStreamsEnded = new Counter({
    name: 'event_streams_ended_total',
    help: 'Streams of events that ended: gone (the reader went), slow (cut off), revoked (its key), stopped (this process).',
    labelNames: ['ending'],
    registers: [this.registry],
  });

  private eventStreams: () => number = () => 0;

  readonly subscriptions = new SubscriptionMetrics(this.registry);

  /** What is in force of the configuration, and what reloads of it came to. */
  readonly configuration = new ConfigMetrics(this.registry);

  /** @param options.process also measures the process: CPU, memory, event loop. Off in tests that create many. */
  constructor(options: { process?: boolean } = {}) {
    feedGauges(this.registry, () => this.feeds());
    new Gauge({
      name: 'fleet_build_info',
      help: 'Always 1; the label tells the version.',
      labelNames: ['version'],
      registers: [this.registry],
    }).set({ version }, 1);
    const streams = () => this.eventStreams();
    new Gauge({
      name: 'event_streams',
      help: 'Streams of /api/v1/events that are open.',
      registers: [this.registry],
      collect() {
        this.set(streams());
      },
    });
    applicationGauge(this.registry, () => this.applications());
    if (options.process) collectDefaultMetrics({ register: this.registry });
  }

  /** Content type of `text`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** @param outcome `ok` or an error code */
  toolCalled(tool: string, outcome: string, seconds: number): void {
    this.toolDuration.observe(tool, outcome, seconds);
  }

  /** A job came into a state. */
  jobMoved(kind: string, state: string): void {
    this.jobs.inc({ kind, state });
  }

  /** What a cluster's client reports its requests to; see `upstreamRequested`. */
  upstreamObserver(cluster: string): (endpoint: string, outcome: string, seconds: number) => void {
    return (endpoint, outcome, seconds) => this.upstreamRequested(cluster, endpoint, outcome, seconds);
  }

  /**
   * @param endpoint name of the call, for example `getApplication`; never a path, which would hold names
   * @param outcome `ok` or an error code
   */
  upstreamRequested(cluster: string, endpoint: string, outcome: string, seconds: number): void {
    this.upstreamRequests.inc({ cluster, endpoint, outcome });
    this.upstreamDuration.observe({ cluster, endpoint, outcome }, seconds);
  }

  breakerMoved(cluster: string, state: BreakerState): void {
    this.breaker.set({ cluster }, breakerLevels[state]);
  }

  /** All rows of a cluster were read anew from the store. */
  feedReloaded(cluster: string): void {
    this.feedReloads.inc({ cluster });
  }

  /** @param type application, cluster, job or reset */
  eventSent(type: string): void {
    this.eventsSent.inc({ type });
  }

  /** @param ending gone, slow, revoked or stopped */
  eventStreamEnded(ending: string): void {
    this.eventStreamsEnded.inc({ ending });
  }

  /** Where the scrape reads how many streams of events are open. */
  readEventStreams(count: () => number): void {
    this.eventStreams = count;
  }

  /** Where the scrape reads how many applications there are; the last one given counts. */
  readApplications(applications: () => AsyncIterable<ApplicationCount>): void {
    this.applications = applications;
  }

  /** Where the scrape reads the feeds from; the last one given counts. */
  readFeeds(feeds: () => Iterable<FeedReading>): void {
    this.feeds = feeds;
  }

  /** Drops every series of a cluster that left the fleet. */
  async forgetCluster(cluster: string): Promise<void> {
    for (const metric of [this.upstreamRequests, this.upstreamDuration, this.breaker, this.feedReloads]) {
      const { values } = await metric.get();
      for (const { labels } of values) {
        // Buckets of a histogram carry `le` beside the labels that name the series.
        const { le: _bucket, ...series } = labels as Record<string, string | number>;
        if (series['cluster'] === cluster) metric.remove(series);
      }
    }
  }

  /** What is measured, for documents and tests: process metrics included where they are on. */
  list(): { name: string; type: string; help: string; labels: string[] }[] {
    return this.registry.getMetricsAsArray().map((entry) => {
      // The library's types leave out what every metric of it has.
      const metric = entry as unknown as { name: string; type: string; help: string; labelNames?: string[] };
      const { name, type, help, labelNames = [] } = metric;
      return { name, type, help, labels: labelNames.filter((l) => l !== 'le') };
    });
  }

  /** Everything in Prometheus' text format. */
  async text(): Promise<string> {
    return this.registry.metrics();
  }
}
