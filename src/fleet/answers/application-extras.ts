import { z } from 'zod';
import { revisionsOf } from '../../argocd/rules.js';
import type { Application } from '../../argocd/schemas.js';
import { lineOf, messageOf, timeOf, wordOf } from '../index/upstream-values.js';
import { shortRevision } from './public-row.js';

const messageLengthMax = 500;
const listMax = 10;
const historyMax = 5;

const text = z.string().optional();

/** One resource of the application that is not simply Synced and Healthy. */
const finding = z.object({
  group: text,
  kind: z.string(),
  resourceNamespace: text,
  name: z.string(),
  sync: text,
  health: text,
  message: text,
});

/** What an answer shows of an application beyond its row. It is what the detail cache holds, so it is checked when read. */
export const applicationExtras = z.object({
  operation: z.object({ message: text, revision: text, initiatedBy: text }).optional(),
  /** Newest first. */
  history: z
    .array(z.object({ id: z.int(), revision: z.string(), deployedAt: text, initiatedBy: text }))
    .max(historyMax)
    .optional(),
  resources: z
    .object({ total: z.int(), findings: z.array(finding).max(listMax), findingsOmitted: z.int().optional() })
    .optional(),
});
export type ApplicationExtras = z.infer<typeof applicationExtras>;

/** Reads them from the whole object. Texts are trimmed, cut lists have their rest counted. */
export function extrasOf({ status }: Application): ApplicationExtras {
  const state = status?.operationState;
  const history = (status?.history ?? []).slice(-historyMax).reverse().map(historyEntryOf);
  const resources = status?.resources ?? [];
  const findings = findingsOf(resources);
  const omitted = findings.length - listMax;
  return {
    operation: state
      ? {
          message: messageOf(state.message, messageLengthMax),
          revision: revisionOf(state.syncResult ?? state.operation?.sync),
          initiatedBy: initiatedBy(state.operation?.initiatedBy),
        }
      : undefined,
    history: history.length > 0 ? history : undefined,
    resources:
      resources.length > 0
        ? {
            total: resources.length,
            findings: findings.slice(0, listMax),
            findingsOmitted: omitted > 0 ? omitted : undefined,
          }
        : undefined,
  };
}

type HistoryEntry = NonNullable<NonNullable<Application['status']>['history']>[number];
type Resources = NonNullable<NonNullable<Application['status']>['resources']>;

const historyEntryOf = (entry: HistoryEntry): NonNullable<ApplicationExtras['history']>[number] => ({
  id: Number.isSafeInteger(entry.id) ? (entry.id ?? 0) : 0,
  revision: revisionOf(entry) ?? '',
  deployedAt: timeOf(entry.deployedAt),
  initiatedBy: initiatedBy(entry.initiatedBy),
});

function findingsOf(resources: Resources): z.infer<typeof finding>[] {
  return resources
    .filter(({ status, health }) => status === 'OutOfSync' || (health?.status && health.status !== 'Healthy'))
    .map((resource) => ({
      group: lineOf(resource.group, 253),
      kind: lineOf(resource.kind, 63) ?? 'Unknown',
      resourceNamespace: lineOf(resource.namespace, 253),
      name: lineOf(resource.name, 253) ?? '',
      sync: wordOf(resource.status, undefined),
      health: wordOf(resource.health?.status, undefined),
      message: messageOf(resource.health?.message, 200),
    }));
}

function revisionOf(from: Parameters<typeof revisionsOf>[0]): string | undefined {
  const revisions = revisionsOf(from)
    .slice(0, listMax)
    .map((revision) => lineOf(revision, 100) ?? '');
  return revisions.length > 0 ? shortRevision(revisions) : undefined;
}

function initiatedBy(
  by: { username?: string | null; automated?: boolean | null } | null | undefined,
): string | undefined {
  return lineOf(by?.username, 100) ?? (by?.automated ? 'auto-sync' : undefined);
}
