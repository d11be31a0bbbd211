import { describe, expect, it } from '@jest/globals';
import type { FeedReading } from './feed-gauges.js';
import { Metrics } from './metrics.js';

const lines = async (metrics: Metrics, name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name));

describe('Metrics', () => {
  it('counts tool calls by tool and outcome', async () => {
    const metrics = new Metrics();
    metrics.toolCalled('get_job', 'ok', 0.01);
    metrics.toolCalled('get_job', 'not_found', 0.02);
    metrics.toolCalled('get_job', 'ok', 0.03);
    expect(await lines(metrics, 'tool_duration_seconds_count')).toEqual([
      'tool_duration_seconds_count{tool="get_job",outcome="ok"} 2',
      'tool_duration_seconds_count{tool="get_job",outcome="not_found"} 1',
    ]);
  });

  it('counts jobs by kind and state, and shows breakers as a number', async () => {
    const metrics = new Metrics();
    metrics.jobMoved('sync', 'queued');
    metrics.jobMoved('sync', 'queued');
    metrics.breakerMoved('eu-prod', 'open');
    expect(await lines(metrics, 'jobs_total')).toEqual(['jobs_total{kind="sync",state="queued"} 2']);
    expect(await lines(metrics, 'upstream_breaker_state')).toEqual(['upstream_breaker_state{cluster="eu-prod"} 2']);
  });

  it('reads feeds at the scrape and keeps nothing of clusters that are gone', async () => {
    const metrics = new Metrics();
    let feeds: FeedReading[] = [
      { cluster: 'a', state: 'live', since: new Date(), asOf: new Date(Date.now() - 5000) },
      { cluster: 'b', state: 'idle', since: new Date() },
    ];
    metrics.readFeeds(() => feeds);
    expect(await lines(metrics, 'fleet_feed_state{')).toEqual([
      'fleet_feed_state{cluster="a",state="live"} 1',
      'fleet_feed_state{cluster="b",state="idle"} 1',
    ]);
    const age = await lines(metrics, 'fleet_feed_age_seconds');
    expect(age).toHaveLength(1);
    expect(Number(age[0]?.split(' ')[1])).toBeCloseTo(5, 0);
    feeds = [{ cluster: 'b', state: 'down', since: new Date() }];
    expect(await lines(metrics, 'fleet_feed_state{')).toEqual(['fleet_feed_state{cluster="b",state="down"} 1']);
    expect(await lines(metrics, 'fleet_feed_age_seconds')).toEqual([]);
  });

  it('tells since when a feed is in its state, and of events and lists only where there was one', async () => {
    const metrics = new Metrics();
    const at = (seconds: number) => new Date(seconds * 1000);
    let feeds: FeedReading[] = [
      { cluster: 'a', state: 'live', since: at(10), lastEventAt: at(20.5), lastListAt: at(30) },
      { cluster: 'b', state: 'seeding', since: at(40) },
    ];
    metrics.readFeeds(() => feeds);
    expect(await lines(metrics, 'fleet_feed_state_since_timestamp_seconds')).toEqual([
      'fleet_feed_state_since_timestamp_seconds{cluster="a"} 10',
      'fleet_feed_state_since_timestamp_seconds{cluster="b"} 40',
    ]);
    expect(await lines(metrics, 'fleet_feed_last_event_timestamp_seconds')).toEqual([
      'fleet_feed_last_event_timestamp_seconds{cluster="a"} 20.5',
    ]);
    expect(await lines(metrics, 'fleet_feed_last_list_timestamp_seconds')).toEqual([
      'fleet_feed_last_list_timestamp_seconds{cluster="a"} 30',
    ]);
    feeds = [];
    for (const each of ['state_since', 'last_event', 'last_list']) {
      expect(await lines(metrics, `fleet_feed_${each}_timestamp_seconds`)).toEqual([]);
    }
  });

  it('tells a feed whose rows are not everything there is, also one that is live', async () => {
    const metrics = new Metrics();
    const since = new Date();
    metrics.readFeeds(() => [
      { cluster: 'a', state: 'live', since, incomplete: { code: 'cluster_refused' } },
      { cluster: 'b', state: 'live', since },
      { cluster: 'c', state: 'seeding', since },
    ]);
    expect(await lines(metrics, 'fleet_feed_incomplete')).toEqual([
      'fleet_feed_incomplete{cluster="a"} 1',
      'fleet_feed_incomplete{cluster="b"} 0',
      'fleet_feed_incomplete{cluster="c"} 1',
    ]);
  });

  it('forgets every series of a cluster that left', async () => {
    const metrics = new Metrics();
    for (const cluster of ['a', 'b']) {
      metrics.upstreamRequested(cluster, 'getApplication', 'ok', 0.1);
      metrics.upstreamObserver(cluster)('list', 'cluster_timeout', 10);
      metrics.breakerMoved(cluster, 'closed');
    }
    await metrics.forgetCluster('a');
    const text = await metrics.text();
    expect(text).not.toContain('cluster="a"');
    expect(text).toContain('upstream_requests_total{cluster="b",endpoint="list",outcome="cluster_timeout"} 1');
    expect(text).toContain(
      'upstream_request_duration_seconds_count{cluster="b",endpoint="getApplication",outcome="ok"} 1',
    );
  });

  it('escapes hostile label values', async () => {
    const metrics = new Metrics();
    metrics.breakerMoved('a"} 1\nevil{x="', 'closed');
    expect(await lines(metrics, 'evil')).toEqual([]);
  });

  it('keeps instances apart, and measures the process only when asked', async () => {
    const [one, two] = [new Metrics(), new Metrics()];
    one.jobMoved('sync', 'queued');
    expect(await lines(two, 'jobs_total{')).toEqual([]);
    expect(await lines(two, 'process_')).toEqual([]);
    expect(await lines(new Metrics({ process: true }), 'process_cpu_seconds_total')).not.toEqual([]);
  });
});
