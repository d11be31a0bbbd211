import { z } from 'zod';
import { rowKey, type ApplicationRow } from './row.js';
import type { RowRef } from './change-log.js';
import type { StoredRow, StoreWrite } from './store.js';

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
  notCompared: z.literal(true).optional(),
  revisions: z.array(z.string()),
  operation: z
    .looseObject({
      phase: z.string(),
      message: z.string().optional(),
      startedAt: z.string().optional(),
      finishedAt: z.string().optional(),
      retryCount: z.number().optional(),
      settled: z.literal(true).optional(),
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
  drySource: z
    .looseObject({ repository: z.string(), path: z.string().optional(), targetRevision: z.string().optional() })
    .optional(),
  hydration: z.string().optional(),
  autoSync: z.boolean(),
  images: z.array(z.string()),
  imagesOmitted: z.number().optional(),
  createdAt: z.string().optional(),
  deletingSince: z.string().optional(),
}) satisfies z.ZodType<ApplicationRow>;

/** The JSON of a row; its mark stands inside. */
export const formatRow = ({ row, unconfirmed }: StoredRow): string =>
  JSON.stringify(unconfirmed ? { ...row, unconfirmed } : row);

/** The row behind a field of a cluster's hash; `undefined` if it is no row, or not the row of this field and cluster. */
export function parseRow(cluster: string, field: string, text: string): StoredRow | undefined {
  const { data } = storedRow.safeParse(parseJson(text));
  if (!data || data.cluster !== cluster || rowKey(data) !== field) return undefined;
  if (data['unconfirmed'] === undefined) return { row: data };
  const { unconfirmed, ...row } = data;
  return { row, ...(unconfirmed === true ? { unconfirmed } : {}) };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the history says of a write. */
export function refsOf({ upsert, remove }: Pick<StoreWrite, 'upsert' | 'remove'>): RowRef[] {
  return [
    ...remove.map(({ key, project }): RowRef => ({ key, project, removed: true })),
    ...upsert.map(({ row, previousProject }): RowRef => {
      const { project } = row;
      return { key: rowKey(row), project, ...(previousProject === undefined ? {} : { previousProject }) };
    }),
  ];
}
