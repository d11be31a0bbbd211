import { z } from 'zod';

export const jobKinds = ['sync'] as const;
export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type JobKind = (typeof jobKinds)[number];
export type JobState = (typeof jobStates)[number];

/** Why a job ended as it did: a closed list. `succeeded` jobs have none. */
export const outcomeCodes = [
  'sync_failed',
  'hook_failed',
  'retries_exhausted',
  'prune_skipped',
  'sync_window_blocked',
  'application_deleting',
  'permission_denied',
  'conflict',
  'terminated',
  'deadline_exceeded',
  'outcome_unknown',
  'plan_changed',
] as const;
export type OutcomeCode = (typeof outcomeCodes)[number];

/** What became of one Kubernetes resource in the operation. */
export const resourceResult = z.object({
  group: z.string().optional().describe('API group; absent for the core group'),
  kind: z.string().describe('Kind, for example Deployment'),
  resourceNamespace: z.string().optional().describe('Namespace of the resource; absent for cluster-scoped ones'),
  name: z.string().describe('Name of the resource'),
  status: z.string().optional().describe('Synced, SyncFailed, Pruned or PruneSkipped'),
  message: z.string().optional().describe("Argo CD's text, trimmed"),
  hookPhase: z.string().optional().describe('Phase of a hook: Running, Succeeded, Failed, Error'),
});
export type ResourceResult = z.infer<typeof resourceResult>;

export const jobOutcome = z.object({
  code: z.enum(outcomeCodes).optional().describe('Why it did not simply succeed; absent on plain success'),
  revision: z
    .string()
    .optional()
    .describe('Revision that was synced; several of a multi-source application are joined by a comma'),
  durationMs: z.int().optional().describe("Milliseconds from start to end of Argo CD's operation"),
  resources: z.array(resourceResult).describe('Results, failures first; cut to a budget'),
  resourcesOmitted: z.int().describe('How many results were cut'),
  health: z.string().optional().describe('Health after the operation'),
  sync: z.string().optional().describe('Sync status after the operation'),
  settled: z
    .boolean()
    .optional()
    .describe('False when health and sync were read before Argo CD had compared the application again'),
  upstreamMessage: z.string().optional().describe("Argo CD's own message, as data"),
});
export type JobOutcome = z.infer<typeof jobOutcome>;

/** The contract's job, as every tool, route and event shows it. */
export const job = z.object({
  jobId: z.string().describe('Id of the job, for get_job and wait_for_job'),
  kind: z.enum(jobKinds).describe('What the job does'),
  cluster: z.string().describe('Cluster the job works on'),
  namespace: z.string().optional().describe("The application's own namespace"),
  application: z.string().describe('Application the job works on'),
  state: z.enum(jobStates).describe('queued, running, succeeded, failed or cancelled'),
  phase: z.string().optional().describe("Argo CD's phase: Running, Terminating, Succeeded, Failed, Error"),
  message: z.string().optional().describe('What is going on or how it ended'),
  createdAt: z.string().describe('ISO 8601'),
  startedAt: z.string().optional().describe('ISO 8601; absent while queued'),
  finishedAt: z.string().optional().describe('ISO 8601; present once ended'),
  pollAfterMs: z.int().optional().describe('Milliseconds to wait before asking again; absent once ended'),
  durable: z.boolean().describe('True if the job survives a restart of this server'),
  outcome: jobOutcome.optional().describe('How it ended; absent before'),
});
export type Job = z.infer<typeof job>;

/** What a sync job was asked to do. Everything is optional: absent means what Argo CD would do by itself. */
export interface SyncParameters {
  revision?: string;
  prune?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

/**
 * What is kept of a job beside its public face. `project` decides who may see it, `caller` is for the audit.
 * Neither holds a secret: Redis may be read by others.
 */
export interface JobRecord extends Job {
  namespace: string;
  project: string;
  caller: string;
  parameters: SyncParameters;
  /** Set right before Argo CD is asked to start: after a crash the job must look before it asks again. ISO 8601. */
  postingAt?: string;
  /** Set when Argo CD accepted: its resourceVersion in the answer. */
  acceptedVersion?: string;
  /** Time after which the job ends as `deadline_exceeded`. ISO 8601. */
  deadlineAt: string;
}

export const isEnded = (state: JobState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';
