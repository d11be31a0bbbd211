import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import type { ApplicationExtras } from './application-extras.js';
import { publicRow, type PublicRow } from './public-row.js';

const listMax = 10;
const labelsMax = 30;

/** One application in full, as far as an answer for a model should go. Cut lists have their rest counted. */
export interface ApplicationDetail extends PublicRow {
  labels?: Record<string, string>;
  labelsOmitted?: number;
  uiUrl?: string;
  healthSince?: string;
  autoSync: boolean;
  destination: ApplicationRow['destination'];
  sources: ApplicationRow['sources'];
  drySource?: ApplicationRow['drySource'];
  images?: string[];
  imagesOmitted?: number;
  conditions?: ApplicationRow['conditions'];
  deletingSince?: string;
  operation?: NonNullable<ApplicationRow['operation']> & { revision?: string; initiatedBy?: string };
  history?: ApplicationExtras['history'];
  resources?: ApplicationExtras['resources'];
}

/** What the row alone can tell, for a cluster that cannot be asked. */
export function detailOfRow(row: ApplicationRow, cluster: Cluster, nowMs: number): ApplicationDetail {
  const { uiUrl } = cluster.facts;
  return {
    ...publicRow(row, cluster, nowMs),
    ...labelsShown(row),
    ...(uiUrl ? { uiUrl: `${uiUrl.replace(/\/$/, '')}/applications/${row.namespace}/${row.name}` } : {}),
    ...(row.healthSince ? { healthSince: row.healthSince } : {}),
    autoSync: row.autoSync,
    destination: row.destination,
    sources: row.sources,
    ...(row.drySource ? { drySource: row.drySource } : {}),
    ...imagesOf(row),
    ...(row.conditions.length > 0 ? { conditions: row.conditions.slice(0, listMax) } : {}),
    ...(row.deletingSince ? { deletingSince: row.deletingSince } : {}),
    ...(row.operation ? { operation: row.operation } : {}),
  };
}

/** The row's detail with what only the whole object holds: who started what, history, resources. */
export function withExtras(detail: ApplicationDetail, extras: ApplicationExtras): ApplicationDetail {
  const { operation, history, resources } = extras;
  const { message, ...told } = operation ?? {};
  return {
    ...detail,
    ...(detail.operation ? { operation: { ...detail.operation, ...(message ? { message } : {}), ...told } } : {}),
    ...(history ? { history } : {}),
    ...(resources ? { resources } : {}),
  };
}

function labelsShown({
  labels,
  labelsOmitted = 0,
}: ApplicationRow): Pick<ApplicationDetail, 'labels' | 'labelsOmitted'> {
  const all = Object.entries(labels);
  const shown = all.slice(0, labelsMax);
  const omitted = all.length - shown.length + labelsOmitted;
  return {
    ...(shown.length > 0 ? { labels: Object.fromEntries(shown) } : {}),
    ...(omitted > 0 ? { labelsOmitted: omitted } : {}),
  };
}

function imagesOf({ images, imagesOmitted }: ApplicationRow): Pick<ApplicationDetail, 'images' | 'imagesOmitted'> {
  const omitted = images.length - listMax + (imagesOmitted ?? 0);
  return {
    ...(images.length > 0 ? { images: images.slice(0, listMax) } : {}),
    ...(omitted > 0 ? { imagesOmitted: omitted } : {}),
  };
}
