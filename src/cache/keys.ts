import { createHash } from 'node:crypto';

/**
 * Every Redis key of this program, in its exact form. `<prefix>` is `redis.keyPrefix` of the configuration, by default
 * `argocd-fleet`; `<cluster>` is the cluster's name, percent-encoded so that it can hold neither `:` nor braces;
 * `<origin>` is a hash of its address: a cluster that was pointed elsewhere has other applications.
 *
 * What is written in one step lies in one hash slot: the braces are Redis Cluster's hash tags. One history holds the
 * changes of all clusters, so all keys of the fleet lie in one slot; so do all keys of the job queue.
 *
 * | key | type | holds | lives |
 * |---|---|---|---|
 * | `{<prefix>:fleet}:lease:<cluster>@<origin>` | string | `<fence>:<holder>`: who leads | 5 s after it was last renewed |
 * | `{<prefix>:fleet}:feed:<cluster>@<origin>` | hash | `fence`: the last one given; `version`: `<fence>-<n>` of the last write; `state`: what the leader says of its feed, JSON; `at`: when it said so (ms, Redis' clock) | 7 days after its last leader |
 * | `{<prefix>:fleet}:rows:<cluster>@<origin>` | hash | `namespace/name` -> row, JSON, with `unconfirmed: true` where the leader is not sure of it | as the feed |
 * | `{<prefix>:fleet}:changes` | stream | history of all clusters and jobs, see `store-scripts.ts` | about the newest 50,000 |
 * | `<prefix>:details:{<cluster>}` | hash | `<hash of the url>:<uid>` -> what was read of an application, JSON of at most 16 KB | 2 minutes after the last write, at most 500 fields |
 * | `<prefix>:detail-ages:{<cluster>}` | sorted set | the same fields, by time read (ms) | as the details |
 * | `{<prefix>:jobs}:record:<jobId>` | hash | record and what guards it, see `jobs/job-scripts.ts` | 7 days after the job's end |
 * | `{<prefix>:jobs}:holders` | hash | `cluster/namespace/application` -> id of the job under way | field: until the job's end |
 * | `{<prefix>:jobs}:open` | sorted set | ids of jobs queued or running, by time added | member: until the job's end |
 * | `{<prefix>:jobs}:ended` | sorted set | ids of ended jobs whose records are kept, by time of the end | bounded, 7 days |
 * | `{<prefix>:jobs}:changes` | channel | `<jobId> <version> <record, JSON>` at every change of a job | - |
 * | `{<prefix>:jobs}:health` | string | written to see whether the queue can be written | a minute |
 * | `{<prefix>:jobs}:bull:jobs:*` | BullMQ's own | delivery of jobs to workers; holds ids alone | until delivered |
 */
export interface FleetKeys {
  lease: string;
  feed: string;
  rows: string;
}

/** See the table at `FleetKeys`. */
export function fleetKeys(prefix: string, { cluster, origin }: { cluster: string; origin: string }): FleetKeys {
  const key = (kind: string): string => `{${prefix}:fleet}:${kind}:${encodeURIComponent(cluster)}@${origin}`;
  return { lease: key('lease'), feed: key('feed'), rows: key('rows') };
}

/** See the table at `FleetKeys`. */
export const changesKey = (prefix: string): string => `{${prefix}:fleet}:changes`;

/** What tells two addresses of a cluster apart, without saying them. */
export const originOf = (url: string): string => createHash('sha256').update(url).digest('hex').slice(0, 12);

/** See the table at `FleetKeys`. */
export const detailsKey = (prefix: string, cluster: string): string =>
  `${prefix}:details:{${encodeURIComponent(cluster)}}`;

/** See the table at `FleetKeys`; same slot as the cluster's details. */
export const detailAgesKey = (prefix: string, cluster: string): string =>
  `${prefix}:detail-ages:{${encodeURIComponent(cluster)}}`;

/** BullMQ's name of the queue: the `jobs` after `:bull:`. */
export const bullQueueName = 'jobs';

/** Keys of the job queue; all in one slot, so that scripts may write several of them in one step. */
export interface JobKeys {
  record(jobId: string): string;
  /** What `record` puts before the id: scripts build the holder's key from it. */
  recordPrefix: string;
  holders: string;
  open: string;
  ended: string;
  changes: string;
  health: string;
  /** BullMQ's `prefix` option. */
  bullPrefix: string;
}

export function jobKeys(prefix: string): JobKeys {
  const tagged = `{${prefix}:jobs}`;
  return {
    record: (jobId) => `${tagged}:record:${jobId}`,
    recordPrefix: `${tagged}:record:`,
    holders: `${tagged}:holders`,
    open: `${tagged}:open`,
    ended: `${tagged}:ended`,
    changes: `${tagged}:changes`,
    health: `${tagged}:health`,
    bullPrefix: `${tagged}:bull`,
  };
}
