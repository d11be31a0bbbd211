import { z } from 'zod';
import { rowKey, type ApplicationRow } from './row.js';
import type { ClusterMemo } from './store.js';

/** What is read back must be checked: another version, another program or a fault may have written it. */
const storedRow = z.looseObject({
  cluster: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  project: z.string(),
  labels: z.record(z.string(), z.string()),
  labelsOmitted: z.number().optional(),
  health: z.string(),
  healthMessage: z.string().optional(),
  healthSince: z.string().optional(),
  sync: z.string(),
  revisions: z.array(z.string()),
  operation: z
    .looseObject({
      phase: z.string(),
      message: z.string().optional(),
      startedAt: z.string().optional(),
      finishedAt: z.string().optional(),
      retryCount: z.number().optional(),
    })
    .optional(),
  operating: z.boolean(),
  conditions: z.array(z.looseObject({ type: z.string(), message: z.string(), since: z.string().optional() })),
  destination: z.looseObject({
    server: z.string().optional(),
    name: z.string().optional(),
    namespace: z.string().optional(),
  }),
  sources: z.array(
    z.looseObject({
      repository: z.string(),
      path: z.string().optional(),
      chart: z.string().optional(),
      targetRevision: z.string().optional(),
    }),
  ),
  autoSync: z.boolean(),
  images: z.array(z.string()),
  imagesOmitted: z.number().optional(),
  createdAt: z.string().optional(),
  deletingSince: z.string().optional(),
}) satisfies z.ZodType<ApplicationRow>;

const storedMemo = z.looseObject({ asOf: z.iso.datetime({ offset: true }), version: z.string().optional() });

/** The row behind a field of a cluster's hash; `undefined` if it is no row, or not the row of this field and cluster. */
export function parseRow(cluster: string, field: string, text: string): ApplicationRow | undefined {
  const { data } = storedRow.safeParse(parseJson(text));
  return data && data.cluster === cluster && rowKey(data) === field ? data : undefined;
}

export function parseMemo(text: string | null): ClusterMemo | undefined {
  return text === null ? undefined : storedMemo.safeParse(parseJson(text)).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
