import { isApplication } from './application-shape.js';
import type { Application } from './schemas.js';
import { listMetadata } from './schemas.js';
import { failure } from './failure.js';
import { ListSplitter } from './list-splitter.js';
import { isSliceOver, nextSlice } from './time-slice.js';

/** What a list says beside its applications. */
export interface ListEnd {
  /** How many applications were handed over. */
  count: number;
  /** Items that are no applications. */
  unreadable: number;
  /** Of the list: no application in it is of a later one. Numeric string. */
  resourceVersion?: string;
}

/** An Argo CD holds some ten thousand; one that lists without end must not fill the memory of all clusters. */
export const applicationsMax = 500_000;

/** The store behind Argo CD refuses objects of more than 1.5 MB; the health of resources is added to that. */
export const applicationBytesMax = 4 * 1024 * 1024;

/**
 * Reads a list while it arrives and hands over one application after the other; the event loop is given free in
 * between. What was handed over is true even if the list breaks off later: then it throws.
 *
 * Throws `cluster_unreachable`: `garbage`, `too_large`; and what `chunks` throws.
 */
export async function readList(
  chunks: AsyncIterable<Buffer>,
  take: (application: Application) => void,
): Promise<ListEnd> {
  const runs: string[] = [];
  const found: { items?: unknown; metadata?: unknown } = {};
  const parts = {
    items: (run: string): void => {
      found.items = [];
      runs.push(run);
    },
    member: (key: string, json: string): void => {
      const [name, value] = [parse(key), parse(json)];
      if (name === 'items' || name === 'metadata') found[name] = value;
    },
  };
  const splitter = new ListSplitter(parts, applicationBytesMax);
  let count = 0;
  let unreadable = 0;
  for await (const chunk of chunks) {
    if (isSliceOver()) await nextSlice();
    splitter.push(chunk);
    for (const run of runs.splice(0)) {
      if (isSliceOver()) await nextSlice();
      for (const item of parse(`[${run}]`) as unknown[]) {
        if (isApplication(item)) {
          count++;
          take(item);
        } else unreadable++;
      }
      if (count + unreadable > applicationsMax) throw tooMany();
    }
  }
  splitter.end();
  const resourceVersion = versionOf(found);
  if (unreadable > 0 && count === 0) throw garbage('no item is an application');
  return { count, unreadable, ...(resourceVersion ? { resourceVersion } : {}) };
}

/** `items` is null when there are none; an answer without `items` and without a version of the list is no list. */
function versionOf({ items, metadata: given }: { items?: unknown; metadata?: unknown }): string | undefined {
  const metadata = listMetadata.safeParse(given ?? {});
  if (!metadata.success) throw garbage('metadata');
  const resourceVersion = metadata.data.resourceVersion ?? undefined;
  if (items === undefined ? resourceVersion === undefined : items !== null && !Array.isArray(items)) {
    throw garbage('neither items nor the version of a list');
  }
  return resourceVersion;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failure('cluster_unreachable', 'garbage', 'The cluster answers with something that is not JSON.');
  }
}

const tooMany = () =>
  failure('cluster_unreachable', 'too_large', `The cluster lists more than ${applicationsMax} applications.`);

const garbage = (at: string) =>
  failure('cluster_unreachable', 'garbage', "The cluster's answer does not have the shape of Argo CD's.", { at });
