import type { ApplicationRow } from '../../cache/row.js';
import { hydrationError } from './hydration.js';

/** What a list gives on every version, but for what needs a closer look. */
const listedFields = [
  'project',
  'labels',
  'labelsOmitted',
  'health',
  'sync',
  'notCompared',
  'operating',
  'destination',
  'sources',
  'drySource',
  'autoSync',
  'images',
  'imagesOmitted',
  'createdAt',
  'deletingSince',
] as const;

/**
 * The row with what a list says of the application. What a list never gives is kept: uid, conditions, messages. When
 * nothing differs it is the same object; when something does, the row loses its resourceVersion, for it does not show
 * the object of that version any more.
 */
export function withListed(row: ApplicationRow, listed: ApplicationRow): ApplicationRow {
  const healthMessage =
    listed.health === row.health ? (listed.healthMessage ?? row.healthMessage) : listed.healthMessage;
  const merged: ApplicationRow = {
    ...row,
    ...Object.fromEntries(listedFields.map((field) => [field, listed[field]])),
    healthMessage,
    healthSince: listed.healthSince ?? (listed.health === row.health ? row.healthSince : undefined),
    revisions: revisionsOf(row, listed),
    operation: operationOf(row, listed),
    ...hydrationOf(row, listed),
  };
  if (!Object.keys(merged).some((field) => differ(merged, row, field as keyof ApplicationRow))) return row;
  return { ...merged, resourceVersion: undefined };
}

/** Lists give no conditions, but hydrations since 3.2, whose error is one of ours. */
function hydrationOf(row: ApplicationRow, listed: ApplicationRow): Pick<ApplicationRow, 'hydration' | 'conditions'> {
  const { hydration } = listed;
  const isUntold = hydration === undefined && (listed.drySource !== undefined || row.hydration === undefined);
  if (isUntold) return { hydration: row.hydration, conditions: row.conditions };
  const others = row.conditions.filter(({ type }) => type !== hydrationError);
  return { hydration, conditions: [...listed.conditions, ...others] };
}

/** Lists give one revision, and none before 3.5. */
function revisionsOf(row: ApplicationRow, listed: ApplicationRow): string[] {
  return listed.revisions.length === 0 || listed.sources.length > 1 ? row.revisions : listed.revisions;
}

/** The message belongs to an operation in a phase. */
function operationOf({ operation }: ApplicationRow, listed: ApplicationRow): ApplicationRow['operation'] {
  const now = listed.operation;
  if (!now || now.phase !== operation?.phase || now.startedAt !== operation.startedAt) return now;
  return { ...operation, finishedAt: now.finishedAt };
}

const differ = (a: ApplicationRow, b: ApplicationRow, field: keyof ApplicationRow): boolean =>
  a[field] !== b[field] && JSON.stringify(a[field]) !== JSON.stringify(b[field]);
