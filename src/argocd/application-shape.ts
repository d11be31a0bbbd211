import type { Application, WatchFrame } from './schemas.js';

/*
 * The schemas of an application and of a frame once more, as plain code. A cluster sends thousands of them at once, and
 * a schema copies each: that takes many times as long as parsing its JSON did. The specs hold these tests against the
 * schemas, value by value: whoever changes one there is told what is missing here.
 */

type Loose = Record<string, unknown>;
type Test = (value: unknown) => boolean;

/** What `watchFrame` accepts, of values out of `JSON.parse`. */
export const isFrame = (value: unknown): value is WatchFrame =>
  isObject(value) &&
  isObject(value['result']) &&
  typeof value['result']['type'] === 'string' &&
  isApplication(value['result']['application']);

/** What `application` accepts, of values out of `JSON.parse`. */
export const isApplication = (value: unknown): value is Application =>
  isObject(value) &&
  isMetadata(value['metadata']) &&
  isSpec(value['spec']) &&
  isOperation(value['operation']) &&
  isStatus(value['status']);

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText: Test = (value) => typeof value === 'string' || value === undefined || value === null;
const isFlag: Test = (value) => typeof value === 'boolean' || value === undefined || value === null;
const isNumber: Test = (value) => Number.isFinite(value) || value === undefined || value === null;

/** Nothing, or an object of which the test is true. */
const part =
  (test: (value: Loose) => boolean): Test =>
  (value) =>
    value === undefined || value === null || (isObject(value) && test(value));

/** Nothing, or a list of what is true for the test. */
const list =
  (test: Test): Test =>
  (value) =>
    value === undefined || value === null || (Array.isArray(value) && value.every(test));

const some =
  (test: Test): Test =>
  (value) =>
    value !== undefined && value !== null && test(value);

const isTexts = list((value) => typeof value === 'string');

const isTextMap = part((value) => {
  for (const key of Object.keys(value)) if (typeof value[key] !== 'string') return false;
  return true;
});

const isMetadata = part(
  (value) =>
    isText(value['name']) &&
    isText(value['namespace']) &&
    isText(value['uid']) &&
    isText(value['resourceVersion']) &&
    isTextMap(value['labels']) &&
    isTextMap(value['annotations']) &&
    isText(value['creationTimestamp']) &&
    isText(value['deletionTimestamp']) &&
    isTexts(value['finalizers']) &&
    isOwners(value['ownerReferences']),
);

const isOwners = list(
  some(part((value) => isText(value['kind']) && isText(value['name']) && isFlag(value['controller']))),
);

const isSource = part(
  (value) =>
    isText(value['repoURL']) &&
    isText(value['path']) &&
    isText(value['chart']) &&
    isText(value['targetRevision']) &&
    isText(value['ref']),
);
const isSources = list(some(isSource));

const isDrySource = part(
  (value) => isText(value['repoURL']) && isText(value['path']) && isText(value['targetRevision']),
);
const isSyncSource = part(
  (value) => isText(value['repoURL']) && isText(value['path']) && isText(value['targetBranch']),
);
const isHydrator = part((value) => isDrySource(value['drySource']) && isSyncSource(value['syncSource']));

const isDestination = part((value) => isText(value['server']) && isText(value['name']) && isText(value['namespace']));
const isAutomated = part((value) => isFlag(value['prune']) && isFlag(value['selfHeal']) && isFlag(value['enabled']));
const isSyncPolicy = part((value) => isAutomated(value['automated']) && isTexts(value['syncOptions']));

const isSpec = part(
  (value) =>
    isText(value['project']) &&
    isSource(value['source']) &&
    isSources(value['sources']) &&
    isHydrator(value['sourceHydrator']) &&
    isDestination(value['destination']) &&
    isSyncPolicy(value['syncPolicy']),
);

const hasRevisions = (value: Loose): boolean => isText(value['revision']) && isTexts(value['revisions']);
const isInitiator = part((value) => isText(value['username']) && isFlag(value['automated']));
const isInfo = list(some(part((value) => isText(value['name']) && isText(value['value']))));
const isRetry = part((value) => isNumber(value['limit']));

const isSyncOperation = part(
  (value) =>
    hasRevisions(value) &&
    isFlag(value['prune']) &&
    isFlag(value['dryRun']) &&
    isSource(value['source']) &&
    isSources(value['sources']),
);

const isOperation = part(
  (value) =>
    isSyncOperation(value['sync']) &&
    isInitiator(value['initiatedBy']) &&
    isInfo(value['info']) &&
    isRetry(value['retry']),
);

const hasIdentity = (value: Loose): boolean =>
  isText(value['group']) &&
  isText(value['version']) &&
  isText(value['kind']) &&
  isText(value['namespace']) &&
  isText(value['name']) &&
  isText(value['status']);

const isSyncedResources = list(
  some(
    part(
      (value) =>
        hasIdentity(value) &&
        isText(value['message']) &&
        isText(value['hookType']) &&
        isText(value['hookPhase']) &&
        isText(value['syncPhase']),
    ),
  ),
);
const isSyncResult = part((value) => hasRevisions(value) && isSyncedResources(value['resources']));

const isOperationState = part(
  (value) =>
    isOperation(value['operation']) &&
    isText(value['phase']) &&
    isText(value['message']) &&
    isText(value['startedAt']) &&
    isText(value['finishedAt']) &&
    isNumber(value['retryCount']) &&
    isSyncResult(value['syncResult']),
);

const isHealth = part(
  (value) => isText(value['status']) && isText(value['message']) && isText(value['lastTransitionTime']),
);
const isSync = part((value) => hasRevisions(value) && isText(value['status']));
const isHistory = list(
  some(
    part(
      (value) =>
        hasRevisions(value) &&
        isNumber(value['id']) &&
        isText(value['deployStartedAt']) &&
        isText(value['deployedAt']) &&
        isInitiator(value['initiatedBy']),
    ),
  ),
);
const isConditions = list(
  some(part((value) => isText(value['type']) && isText(value['message']) && isText(value['lastTransitionTime']))),
);
const isSummary = part((value) => isTexts(value['images']) && isTexts(value['externalURLs']));
const isHydration = part((value) => isText(value['phase']) && isText(value['message']) && isText(value['finishedAt']));
const isHydratorStatus = part((value) => isHydration(value['currentOperation']));
const isResources = list(
  some(
    part(
      (value) =>
        hasIdentity(value) && isHealth(value['health']) && isFlag(value['hook']) && isFlag(value['requiresPruning']),
    ),
  ),
);

const isStatus = part(
  (value) =>
    isSync(value['sync']) &&
    isHealth(value['health']) &&
    isOperationState(value['operationState']) &&
    isHistory(value['history']) &&
    isConditions(value['conditions']) &&
    isText(value['reconciledAt']) &&
    isSummary(value['summary']) &&
    isHydratorStatus(value['sourceHydrator']) &&
    isResources(value['resources']),
);
