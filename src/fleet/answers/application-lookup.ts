import type { ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import type { Cluster } from '../cluster.js';
import { plainText } from '../index/plain-text.js';
import { completenessOf, type Completeness } from './list-answer.js';
import type { Scope } from '../scope.js';
import { didYouMean, suggest } from '../../errors/suggest.js';
import type { VisibleClusters } from '../visible-clusters.js';

/** How a caller names one application. Left-out parts are resolved. */
export interface ApplicationName {
  application: string;
  cluster?: string;
  namespace?: string;
}

/** One application that is meant. `row` is absent when the index does not know it (yet). */
export interface Found {
  cluster: Cluster;
  row?: ApplicationRow;
  /** The other clusters where one of that name may be, where none was named. */
  unsearched?: Pick<Completeness, 'unavailable' | 'unavailableOmitted'>;
}

const candidatesMax = 10;

/**
 * Finds the one application that a name means.
 *
 * With `forChange`, a left-out cluster is resolved only if every cluster that the scope sees is live: otherwise a
 * second application of the name could hide in one that is not.
 *
 * Throws `unknown_cluster`, `ambiguous` (with candidates and the clusters that could not be asked), `not_found` (with
 * suggestions). A named cluster whose rows are not complete gives no `not_found`: the row is left out instead.
 */
export async function findApplication(
  clusters: VisibleClusters,
  scope: Scope,
  name: ApplicationName,
  options: { forChange: boolean; signal: AbortSignal },
): Promise<Found> {
  const asked = name.cluster === undefined ? clusters.all() : [clusters.named(name.cluster)];
  await Promise.all(asked.map((cluster) => cluster.ready(options.signal)));
  const matches = asked.flatMap((cluster) =>
    cluster.rows
      .named(name.application)
      .filter((row) => scope.project(row.project) && (!name.namespace || row.namespace === name.namespace))
      .map((row) => ({ cluster, row })),
  );
  const { unavailable, unavailableOmitted } = completenessOf(asked, scope);
  const unasked = unavailable.length > 0 ? { unavailable, ...(unavailableOmitted ? { unavailableOmitted } : {}) } : {};

  if (matches.length > 1) throw ambiguous(name, matches, unasked);
  if (name.cluster === undefined && unavailable.length > 0 && options.forChange) {
    throw uncertain(name, matches, unasked, unavailable.length + (unavailableOmitted ?? 0));
  }
  const [only] = matches;
  if (only) {
    const others = asked.filter((cluster) => cluster !== only.cluster);
    return { ...only, unsearched: completenessOf(others, scope) };
  }
  const [cluster] = asked;
  // The index may be behind by a moment or not read yet: a live answer decides.
  if (name.cluster !== undefined && cluster) return { cluster };
  throw notFound(name, asked, scope, unasked);
}

/** `not_found` with the names that come close, within the scope, and the clusters that could not be asked. */
export function notFound(
  name: ApplicationName,
  asked: readonly Cluster[],
  scope: Scope,
  unasked: { unavailable?: readonly unknown[] } = {},
): AppError {
  const names = asked.flatMap((cluster) =>
    [...cluster.rows.rows()].filter((row) => scope.project(row.project)).map((row) => row.name),
  );
  const suggestions = suggest(name.application, names);
  // A comparison takes any text for a name or a selector.
  const [wanted, where] = [plainText(name.application, 253), name.cluster && plainText(name.cluster, 100)];
  const place = `${name.namespace ? ` in namespace "${name.namespace}"` : ''}${where ? ` on cluster "${where}"` : ''}`;
  const lead = unasked.unavailable
    ? `No application "${wanted}" was found${place}, but some clusters could not be searched.`
    : `There is no application "${wanted}"${place}.`;
  return new AppError('not_found', lead + didYouMean(suggestions), {
    ...(suggestions.length > 0 ? { suggestions } : {}),
    ...unasked,
  });
}

function ambiguous(name: ApplicationName, matches: { row: ApplicationRow }[], unasked: object): AppError {
  const candidates = matches.slice(0, candidatesMax).map(({ row }) => candidateOf(row));
  const omitted = matches.length - candidates.length;
  const where = name.cluster === undefined ? 'cluster' : 'namespace';
  return new AppError(
    'ambiguous',
    `${matches.length} applications are named "${name.application}". Name the ${where} of the one you mean.`,
    { candidates, ...(omitted > 0 ? { candidatesOmitted: omitted } : {}), ...unasked },
  );
}

function uncertain(
  name: ApplicationName,
  matches: { row: ApplicationRow }[],
  unasked: object,
  count: number,
): AppError {
  const candidates = matches.map(({ row }) => candidateOf(row));
  const found = candidates.length > 0 ? 'One was found, but' : 'None was found, but';
  return new AppError(
    'ambiguous',
    `${found} ${count} cluster(s) could not be searched for "${name.application}". Name the cluster you mean.`,
    { candidates, ...unasked },
  );
}

const candidateOf = ({ cluster, namespace, name, project }: ApplicationRow) => ({ cluster, namespace, name, project });
