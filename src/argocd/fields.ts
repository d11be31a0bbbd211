/**
 * What the watcher asks of a stream (a generic filter: paths from the root of the frame, arrays transparent).
 * `reconciledAt` is left out on purpose: without it Argo CD itself swallows the frames that say nothing new, which is
 * one per application every two minutes. `type` must be asked for, or a DELETED can be swallowed too.
 */
export const watchFields: readonly string[] = [
  'result.type',
  ...[
    'metadata.name',
    'metadata.namespace',
    'metadata.uid',
    'metadata.resourceVersion',
    'metadata.labels',
    'metadata.creationTimestamp',
    'metadata.deletionTimestamp',
    'spec.project',
    'spec.source',
    'spec.sources',
    'spec.sourceHydrator',
    'spec.destination',
    'spec.syncPolicy.automated',
    'operation',
    'status.sync.status',
    'status.sync.revision',
    'status.sync.revisions',
    'status.health',
    'status.conditions',
    'status.operationState.phase',
    'status.operationState.message',
    'status.operationState.startedAt',
    'status.operationState.finishedAt',
    'status.operationState.retryCount',
    'status.summary.images',
    'status.sourceHydrator.currentOperation.phase',
    'status.sourceHydrator.currentOperation.message',
    'status.sourceHydrator.currentOperation.finishedAt',
  ].map((path) => `result.application.${path}`),
];

/**
 * What a list gives at most (a whitelist: what a version does not know is dropped silently, as are the revision before 3.5
 * and the hydrator's status before 3.2).
 * `items.spec` is asked for whole: together with any `items.spec.*`, and in exclude mode, Argo CD 3.5 answers 500.
 * Lists never give uid, resourceVersion, conditions or an operation's message.
 */
export const listFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.labels',
  'metadata.creationTimestamp',
  'metadata.deletionTimestamp',
  'spec',
  'operation.sync',
  'status.sync.status',
  'status.sync.revision',
  'status.health',
  'status.summary',
  'status.operationState.phase',
  'status.operationState.startedAt',
  'status.operationState.finishedAt',
  'status.sourceHydrator',
].map((path) => `items.${path}`);
