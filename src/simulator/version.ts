/** Argo CD releases that the simulator can stand in for. */
export type SimulatorVersion = '2.14' | '3.1' | '3.5' | '3.6';

/** What differs between the releases, one flag per observed difference (recordings/README.md, "What differed"). */
export interface VersionProfile {
  /** As `/api/version` tells it, for example `v3.6.0+37ee009`. */
  full: string;
  /** What an authenticated caller of `/api/version` gets besides `Version`. */
  details: Record<string, string>;
  /** Resource health stands in the app tree (filled in on GET and streams), not in the application itself. */
  hasAppTree: boolean;
  hasHealthMessage: boolean;
  /** `operation.sync.source` of our own syncs is written down. */
  hasOperationSource: boolean;
  hasResultImages: boolean;
  hasHydrateAnnotations: boolean;
  isMissingOnlyWhenAllAre: boolean;
  /** "Resource has not been created" beside the health of what is missing. */
  hasMissingMessage: boolean;
  /** A hook that was stopped counts as Failed with the message "Terminated"; before, as Succeeded and "Deleted". */
  hasTerminatedHooks: boolean;
  /** Events about health name the resources that caused it. */
  hasHealthCauseInEvents: boolean;
  /** A resource without a health check (ConfigMap) that is missing leaves the application Healthy. */
  ignoresMissingWithoutCheck: boolean;
  isListStreamed: boolean;
  isListMetadataFirst: boolean;
  hasSpecPartFields: boolean;
  hasHydratorField: boolean;
  /** 3.5.0 and 3.5.1 fail on a whole `spec` beside a part of it. */
  failsOnSpecAndPart: boolean;
  hasAnonymousOverrides: boolean;
  hasTrackingMethod: boolean;
  hasSyncWithReplaceSetting: boolean;
  hasRollbackAction: boolean;
  hasEndpointsInTree: boolean;
  hasParentRefVersion: boolean;
  hasEventReporting: boolean;
  hasActionsV2: boolean;
  hasServerSideDiff: boolean;
  hasApplicationSetStreams: boolean;
  hasOciMetadata: boolean;
}

const sameEverywhere = {
  GitTreeState: 'clean',
  GoVersion: 'go1.26.8',
  Compiler: 'gc',
  Platform: 'linux/amd64',
  KustomizeVersion: 'v5.8.1 unknown',
};
const atLeast = (version: SimulatorVersion, minor: SimulatorVersion): boolean =>
  ORDER.indexOf(version) >= ORDER.indexOf(minor);
const ORDER: readonly SimulatorVersion[] = ['2.14', '3.1', '3.5', '3.6'];

const FULL: Record<SimulatorVersion, { full: string; commit?: string; date: string; helm: string; jsonnet: string }> = {
  '2.14': { full: 'v2.14.21', date: '2026-01-01T00:00:00Z', helm: 'v3.16.3', jsonnet: 'v0.20.0' },
  '3.1': {
    full: 'v3.1.16+5d001b8',
    commit: '5d001b80990d14c0fc9b2cbee1eac25fc288da15',
    date: '2026-01-01T00:00:00Z',
    helm: 'v3.18.4',
    jsonnet: 'v0.21.0',
  },
  '3.5': {
    full: 'v3.5.1+8a7c2e9',
    commit: '8a7c2e9d31f0b6457c1e9b80aa2f6d53e4c7b918',
    date: '2026-06-16T00:00:00Z',
    helm: 'v4.1.3',
    jsonnet: 'v0.21.0',
  },
  '3.6': {
    full: 'v3.6.0+37ee009',
    commit: '37ee0097cf851bc2dd7665fc081bbce61a7e836e',
    date: '2026-08-22T00:00:00Z',
    helm: 'v4.2',
    jsonnet: 'v0.22.0',
  },
};

/** The profile of a release. Throws `RangeError` for one that is not known. */
export function profileOf(version: SimulatorVersion): VersionProfile {
  const release = FULL[version];
  if (release === undefined)
    throw new RangeError(`unknown Argo CD version ${String(version)}; known: ${ORDER.join(', ')}`);
  return {
    full: release.full,
    details: {
      BuildDate: release.date,
      ...(release.commit ? { GitCommit: release.commit } : {}),
      ...sameEverywhere,
      HelmVersion: release.helm,
      ...(atLeast(version, '3.5') ? { KubectlVersion: 'v1.36.1' } : {}),
      JsonnetVersion: release.jsonnet,
    },
    hasAppTree: atLeast(version, '3.1'),
    hasHealthMessage: atLeast(version, '3.5'),
    hasOperationSource: version === '3.6',
    hasResultImages: atLeast(version, '3.1'),
    hasHydrateAnnotations: version === '3.6',
    isMissingOnlyWhenAllAre: atLeast(version, '3.5'),
    hasMissingMessage: version === '3.1',
    hasTerminatedHooks: atLeast(version, '3.5'),
    hasHealthCauseInEvents: version === '3.6',
    ignoresMissingWithoutCheck: version === '2.14',
    isListStreamed: version === '3.6',
    isListMetadataFirst: atLeast(version, '3.5'),
    hasSpecPartFields: atLeast(version, '3.5'),
    hasHydratorField: atLeast(version, '3.5'),
    failsOnSpecAndPart: version === '3.5',
    hasAnonymousOverrides: !atLeast(version, '3.5'),
    hasTrackingMethod: atLeast(version, '3.1'),
    hasSyncWithReplaceSetting: atLeast(version, '3.5'),
    hasRollbackAction: version === '3.6',
    hasEndpointsInTree: version === '2.14',
    hasParentRefVersion: atLeast(version, '3.1'),
    hasEventReporting: !atLeast(version, '3.5'),
    hasActionsV2: atLeast(version, '3.1'),
    hasServerSideDiff: atLeast(version, '3.5'),
    hasApplicationSetStreams: atLeast(version, '3.5'),
    hasOciMetadata: atLeast(version, '3.1'),
  };
}
