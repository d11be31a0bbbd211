/** The parts of an Argo CD Application that the simulator reasons about. Source: pkg/apis/application/v1alpha1/types.go */
export interface Source {
  repoURL: string;
  path?: string;
  targetRevision?: string;
  helm?: {
    parameters?: { name: string; value: string }[];
    valueFiles?: string[];
    values?: string;
    releaseName?: string;
  };
  kustomize?: Record<string, unknown>;
  directory?: Record<string, unknown>;
  chart?: string;
  ref?: string;
}

/** Where the manifests are written, and where Argo CD commits what it makes of them and syncs from. */
export interface SourceHydrator {
  drySource: Source;
  syncSource: { targetBranch: string; path: string };
  hydrateTo?: { targetBranch: string };
}

export interface Hydration {
  startedAt: string;
  finishedAt?: string;
  phase: 'Hydrating' | 'Failed' | 'Hydrated';
  message: string;
  drySHA?: string;
  hydratedSHA?: string;
  sourceHydrator: SourceHydrator;
}

export interface HydratorStatus {
  lastSuccessfulOperation?: { drySHA: string; hydratedSHA: string; sourceHydrator: SourceHydrator };
  currentOperation?: Hydration;
}

export interface Destination {
  server?: string;
  namespace?: string;
  name?: string;
}

export interface RetryStrategy {
  limit?: number;
  refresh?: boolean;
  backoff?: { duration?: string; factor?: number; maxDuration?: string };
}

export interface SyncPolicy {
  automated?: { prune?: boolean; selfHeal?: boolean; allowEmpty?: boolean; enabled?: boolean } | null;
  syncOptions?: string[];
  retry?: RetryStrategy;
}

export interface ApplicationSpec {
  source?: Source;
  destination: Destination;
  project: string;
  syncPolicy?: SyncPolicy;
  ignoreDifferences?: unknown[];
  info?: unknown[];
  revisionHistoryLimit?: number;
  sources?: Source[];
  sourceHydrator?: SourceHydrator;
}

export interface Health {
  status?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface ResourceStatus {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
  status?: string;
  health?: Health;
  hook?: boolean;
  requiresPruning?: boolean;
  syncWave?: number;
}

export interface SyncOperation {
  revision?: string;
  prune?: boolean;
  dryRun?: boolean;
  syncStrategy?: { apply?: { force?: boolean }; hook?: { force?: boolean } };
  resources?: { group?: string; kind: string; name: string; namespace?: string }[];
  source?: Source;
  syncOptions?: string[];
  sources?: Source[];
  revisions?: string[];
  autoHealAttemptsCount?: number;
}

export interface Operation {
  sync: SyncOperation;
  initiatedBy: { username?: string; automated?: boolean };
  info?: { name: string; value: string }[];
  retry: RetryStrategy;
}

export interface ResourceResult {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  status?: string;
  message?: string;
  hookType?: string;
  hookPhase?: string;
  syncPhase?: string;
  images?: string[];
}

export interface SyncResult {
  resources?: ResourceResult[];
  revision: string;
  source: Source;
  sources?: Source[];
  revisions?: string[];
}

export interface OperationState {
  operation: Operation;
  phase: 'Running' | 'Terminating' | 'Failed' | 'Error' | 'Succeeded';
  message?: string;
  syncResult?: SyncResult;
  startedAt: string;
  finishedAt?: string;
  retryCount?: number;
}

export interface HistoryEntry {
  revision?: string;
  deployedAt: string;
  id: number;
  source: Source;
  deployStartedAt: string;
  sources?: Source[];
  revisions?: string[];
  initiatedBy: { username?: string; automated?: boolean };
}

export interface Condition {
  type: string;
  message: string;
  lastTransitionTime: string;
}

export interface ComparedTo {
  source: Source | { repoURL: string };
  destination: Destination;
  sources?: Source[];
}

export interface ApplicationStatus {
  resources?: ResourceStatus[];
  sync: { status: string; comparedTo: ComparedTo; revision?: string; revisions?: string[] };
  health: Health;
  history?: HistoryEntry[];
  conditions?: Condition[];
  operationState?: OperationState;
  sourceType?: string;
  summary: { images?: string[]; externalURLs?: string[] };
  sourceTypes?: string[];
  sourceHydrator?: HydratorStatus;
}

/** What is running in the destination for an application; not part of the API object. */
export interface LiveResource {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  /** Canonical JSON of the manifest's body: equal text means in sync. */
  content: string;
  createdAt: string;
  /** Set when the health is not what the kind would show by itself. */
  health?: { status: string; message?: string };
  /** A hook of the running operation. */
  isHook?: boolean;
  images?: string[];
  /** Pods of this workload crash, for the resource tree. */
  isCrashing?: boolean;
}

/** How an application misbehaves, beyond what its manifests say. */
export interface Traits {
  /** Manifests cannot be generated: the text after "ComparisonError: ". */
  comparisonError?: string;
  /** Manifests cannot be hydrated: the text after `Failed to hydrate revision "...": `. */
  hydrationError?: string;
  /** `kind/name` to the reason why applying that resource fails. */
  applyErrors?: Record<string, string>;
  /** Workloads take this health after they are applied and keep it. */
  workloadHealth?: { status: string; message?: string; isCrashing?: boolean };
  /** An ApplicationSet with RollingSync syncs it again right after an operation of somebody else. */
  isRolling?: boolean;
  /** Health forced by a test through the admin API, whatever the resources say. */
  forcedHealth?: { status: string; message?: string };
}

/** Everything that changes about an application besides its versions and its reconciledAt. Never mutated in place. */
export interface ApplicationState {
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: Record<string, unknown>[];
  finalizers?: string[];
  spec: ApplicationSpec;
  status: ApplicationStatus;
  operation?: Operation;
  live: LiveResource[];
  traits: Traits;
}

/** Sources that an application is synced from, whichever of the three fields holds them. */
export function sourcesOf(spec: ApplicationSpec): Source[] {
  const { sourceHydrator: hydrator } = spec;
  if (hydrator) {
    const { targetBranch, path } = hydrator.syncSource;
    return [{ repoURL: hydrator.drySource.repoURL, path, targetRevision: targetBranch }];
  }
  return spec.sources && spec.sources.length > 0 ? spec.sources : spec.source ? [spec.source] : [];
}

export function isMultiSource(spec: ApplicationSpec): boolean {
  return !spec.sourceHydrator && spec.sources !== undefined && spec.sources.length > 0;
}

export function isAutomated(spec: ApplicationSpec): boolean {
  const automated = spec.syncPolicy?.automated;
  return automated !== undefined && automated !== null && automated.enabled !== false;
}
