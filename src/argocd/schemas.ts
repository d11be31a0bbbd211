import { z } from 'zod';

/*
 * What Argo CD's REST API answers, as far as this program reads it. Loose on purpose: unknown fields are kept, enums
 * are opaque strings because they grow, every part may be missing or null (a stream's `fields` cut objects down, a
 * list gives typed nils). What is there has its type: no reader downstream has to fear a string for a list.
 *
 * Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go
 */

const text = z.string().nullish();
const flag = z.boolean().nullish();
const number = z.number().nullish();
const texts = z.array(z.string()).nullish();
const textMap = z.record(z.string(), z.string()).nullish();
const nameValue = z.looseObject({ name: text, value: text });

const metadata = z.looseObject({
  name: text,
  namespace: text,
  uid: text,
  resourceVersion: text,
  labels: textMap,
  annotations: textMap,
  creationTimestamp: text,
  deletionTimestamp: text,
  finalizers: texts,
  ownerReferences: z.array(z.looseObject({ kind: text, name: text, controller: flag })).nullish(),
});

const source = z.looseObject({ repoURL: text, path: text, chart: text, targetRevision: text, ref: text });
const sources = z.array(source).nullish();
const destination = z.looseObject({ server: text, name: text, namespace: text });

/** Where the manifests are written, and where Argo CD commits what it makes of them and syncs from (since 2.14). */
const sourceHydrator = z.looseObject({
  drySource: z.looseObject({ repoURL: text, path: text, targetRevision: text }).nullish(),
  syncSource: z.looseObject({ repoURL: text, path: text, targetBranch: text }).nullish(),
});

/** A revision, or one per source of a multi-source application. */
const revisions = { revision: text, revisions: texts };

const spec = z.looseObject({
  project: text,
  source: source.nullish(),
  sources,
  sourceHydrator: sourceHydrator.nullish(),
  destination: destination.nullish(),
  syncPolicy: z
    .looseObject({
      automated: z.looseObject({ prune: flag, selfHeal: flag, enabled: flag }).nullish(),
      syncOptions: texts,
    })
    .nullish(),
});

const initiatedBy = z.looseObject({ username: text, automated: flag });

const operation = z.looseObject({
  sync: z.looseObject({ ...revisions, prune: flag, dryRun: flag, source: source.nullish(), sources }).nullish(),
  initiatedBy: initiatedBy.nullish(),
  info: z.array(nameValue).nullish(),
  retry: z.looseObject({ limit: number }).nullish(),
});

/** What an operation did to one Kubernetes resource. `hookPhase` is set for plain resources too: only `hookType` tells a hook. */
const syncedResource = z.looseObject({
  group: text,
  version: text,
  kind: text,
  namespace: text,
  name: text,
  status: text,
  message: text,
  hookType: text,
  hookPhase: text,
  syncPhase: text,
});

const operationState = z.looseObject({
  operation: operation.nullish(),
  phase: text,
  message: text,
  startedAt: text,
  finishedAt: text,
  retryCount: number,
  syncResult: z.looseObject({ ...revisions, resources: z.array(syncedResource).nullish() }).nullish(),
});

const health = z.looseObject({ status: text, message: text, lastTransitionTime: text });

const status = z.looseObject({
  sync: z.looseObject({ ...revisions, status: text }).nullish(),
  health: health.nullish(),
  operationState: operationState.nullish(),
  history: z
    .array(
      z.looseObject({
        ...revisions,
        id: number,
        deployStartedAt: text,
        deployedAt: text,
        initiatedBy: initiatedBy.nullish(),
      }),
    )
    .nullish(),
  conditions: z.array(z.looseObject({ type: text, message: text, lastTransitionTime: text })).nullish(),
  reconciledAt: text,
  summary: z.looseObject({ images: texts, externalURLs: texts }).nullish(),
  sourceHydrator: z
    .looseObject({ currentOperation: z.looseObject({ phase: text, message: text, finishedAt: text }).nullish() })
    .nullish(),
  resources: z
    .array(
      z.looseObject({
        group: text,
        version: text,
        kind: text,
        namespace: text,
        name: text,
        status: text,
        health: health.nullish(),
        hook: flag,
        requiresPruning: flag,
      }),
    )
    .nullish(),
});

export const application = z.looseObject({
  metadata: metadata.nullish(),
  spec: spec.nullish(),
  operation: operation.nullish(),
  status: status.nullish(),
});

/** Of a list, beside its items. */
export const listMetadata = z.looseObject({ resourceVersion: text });

/** The outside of an event whose application does not have the shape of one. */
export const unreadableFrame = z.looseObject({
  result: z.looseObject({
    type: z.enum(['ADDED', 'MODIFIED', 'DELETED']),
    application: z
      .looseObject({ metadata: z.object({ name: z.string(), namespace: z.string() }).optional().catch(undefined) })
      .optional()
      .catch(undefined),
  }),
});

/** The keys are capitalised; an anonymous caller gets only this one. */
export const version = z.looseObject({ Version: z.string().min(1) });

export const settings = z.looseObject({
  url: text,
  appsInAnyNamespaceEnabled: flag,
  controllerNamespace: text,
  trackingMethod: text,
  installationID: text,
  appLabelKey: text,
  execEnabled: flag,
  impersonationEnabled: flag,
  hydratorEnabled: flag,
  syncWithReplaceAllowed: flag,
});

/** `{}` for a caller that Argo CD does not know: this endpoint never answers 401. */
export const userInfo = z.looseObject({ loggedIn: flag, username: text, iss: text, groups: texts });

export const canIAnswer = z.looseObject({ value: z.enum(['yes', 'no']) });

/** Error of a plain request. */
export const unaryError = z.looseObject({ error: z.string().optional(), code: z.number(), message: z.string() });

/** Error of a stream, as its body with a status of its own, or as a frame. With `fields` it is filtered away to `{}`. */
export const streamError = z.looseObject({
  error: z.looseObject({ grpc_code: number, http_code: number, message: text, http_status: text }),
});

/** A commit. Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go */
export const revisionMetadata = z.looseObject({ author: text, date: text, message: text, tags: texts });

/** One frame of the applications stream. */
export const watchFrame = z.looseObject({
  result: z.looseObject({ type: z.string(), application }),
});

export type WatchFrame = z.infer<typeof watchFrame>;
export type Application = z.infer<typeof application>;
export type Operation = z.infer<typeof operation>;
export type OperationState = z.infer<typeof operationState>;
export type SyncedResource = z.infer<typeof syncedResource>;
export type RevisionMetadata = z.infer<typeof revisionMetadata>;
export type Version = z.infer<typeof version>;
export type Settings = z.infer<typeof settings>;
export type UserInfo = z.infer<typeof userInfo>;
