import type { ApplicationState, Operation } from './application.js';
import { isAutomated, isMultiSource, sourcesOf } from './application.js';
import type { VersionProfile } from './version.js';

/**
 * The operation that auto-sync starts for this state; undefined if it starts none. One attempt per revision, and again
 * for a drift if the application heals itself. Source: autoSync in controller/appcontroller.go
 */
export function automatedOperation(state: ApplicationState, profile: VersionProfile): Operation | undefined {
  const { spec, status } = state;
  if (!isAutomated(spec) || state.operation || state.deletionTimestamp) return undefined;
  if (status.sync.status !== 'OutOfSync') return undefined;
  const last = status.operationState?.syncResult;
  const attempted = JSON.stringify(last?.revisions ?? last?.revision);
  const isSameRevision = attempted === JSON.stringify(status.sync.revisions ?? status.sync.revision);
  const automated = spec.syncPolicy!.automated!;
  if (isSameRevision && (!automated.selfHeal || status.operationState?.phase !== 'Succeeded')) return undefined;
  const needsSync = status.resources?.some(
    (resource) => resource.status === 'OutOfSync' && (!resource.requiresPruning || automated.prune),
  );
  if (!needsSync) return undefined;
  const isMulti = isMultiSource(spec);
  const drifted = (status.resources ?? []).filter((resource) => resource.status === 'OutOfSync');
  return {
    sync: {
      ...(isMulti ? {} : { revision: status.sync.revision ?? '' }),
      ...(automated.prune ? { prune: true } : {}),
      // Healing touches only what drifted, and is thus a partial sync: it leaves no history.
      ...(isSameRevision
        ? { resources: drifted.map(({ group, kind, name }) => ({ ...(group ? { group } : {}), kind, name })) }
        : {}),
      ...(!isMulti && profile.hasOperationSource ? { source: sourcesOf(spec)[0] } : {}),
      ...(spec.syncPolicy?.syncOptions ? { syncOptions: spec.syncPolicy.syncOptions } : {}),
      ...(isMulti ? { sources: spec.sources, revisions: status.sync.revisions } : {}),
      ...(isSameRevision ? { autoHealAttemptsCount: 1 } : {}),
    },
    initiatedBy: { automated: true },
    retry: spec.syncPolicy?.retry ?? { limit: 5 },
  };
}
