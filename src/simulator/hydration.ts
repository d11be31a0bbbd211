import type { ApplicationState, HydratorStatus } from './application.js';
import { sourcesOf } from './application.js';
import type { ComparisonContext } from './comparison.js';

/**
 * What the hydrator says of an application: that it has committed the newest dry revision, or why it could not.
 * Source: https://github.com/argoproj/argo-cd/blob/master/controller/hydrator/hydrator.go
 */
export function hydrate(
  { spec, status, traits }: ApplicationState,
  { repositories, stamp }: ComparisonContext,
): { sourceHydrator?: HydratorStatus } {
  const { sourceHydrator } = spec;
  if (!sourceHydrator) return {};
  const drySHA = repositories.resolve(sourceHydrator.drySource);
  const before = status.sourceHydrator;
  const error = traits.hydrationError;
  const message = error === undefined ? '' : `Failed to hydrate revision "${drySHA}": ${error}`;
  const phase = error === undefined ? 'Hydrated' : 'Failed';
  const last = before?.currentOperation;
  if (last?.phase === phase && last.message === message && last.drySHA === drySHA) return { sourceHydrator: before! };
  const times = { startedAt: stamp, finishedAt: stamp };
  if (phase === 'Failed') {
    const { lastSuccessfulOperation } = before ?? {};
    const currentOperation = { ...times, phase, message, drySHA, sourceHydrator } as const;
    return { sourceHydrator: { ...(lastSuccessfulOperation ? { lastSuccessfulOperation } : {}), currentOperation } };
  }
  const hydratedSHA = repositories.resolve(sourcesOf(spec)[0]!);
  return {
    sourceHydrator: {
      lastSuccessfulOperation: { drySHA, hydratedSHA, sourceHydrator },
      currentOperation: { ...times, phase, message, drySHA, hydratedSHA, sourceHydrator },
    },
  };
}
