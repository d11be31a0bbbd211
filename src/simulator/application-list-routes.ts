import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import { sourcesOf } from './application.js';
import { answerOf, canSee } from './application-access.js';
import type { Call, Route } from './call.js';
import { RawAnswer } from './call.js';
import { GrpcError } from './grpc-error.js';
import { parseSelector } from './label-selector.js';
import { selectListFields } from './list-fields.js';

/** Above this many bytes the API server's own message limit breaks a list: 429 (point 21). */
export const LIST_BYTES_MAX = 200 * 1024 * 1024;
const WEIGHED = 25;

export const applicationListRoutes: Route[] = [{ method: 'GET', pattern: '/api/v1/applications', handle: oldList }];

/** Filters that lists and streams share. Streams read neither `repo` nor, without a name, `appNamespace`. */
export function applicationFilter(query: URLSearchParams, isStream: boolean): (record: ApplicationRecord) => boolean {
  const name = query.get('name') ?? '';
  const namespace = query.get('appNamespace') ?? '';
  const legacy = query.getAll('project').filter((project) => project !== '');
  const projects = legacy.length > 0 ? legacy : query.getAll('projects').filter((project) => project !== '');
  const repo = isStream ? '' : (query.get('repo') ?? '');
  const selectorText = query.get('selector') ?? '';
  let selects: ReturnType<typeof parseSelector>;
  try {
    selects = parseSelector(selectorText);
  } catch (error) {
    throw new GrpcError(
      2,
      `${isStream ? 'error parsing labels with selectors' : 'error parsing the selector'}: ${(error as Error).message}`,
    );
  }
  return (record) => {
    if (name !== '' && record.name !== name) return false;
    if (namespace !== '' && (!isStream || name !== '') && record.namespace !== namespace) return false;
    if (projects.length === 0 && repo === '' && selectorText === '') return true;
    const state = stateOf(record);
    if (projects.length > 0 && !projects.includes(state.spec.project)) return false;
    if (repo !== '' && !sourcesOf(state.spec).some((source) => source.repoURL === repo)) return false;
    return selects(state.labels ?? {});
  };
}

/** A fault may hold a list back, with what it says: it is old when it arrives. */
async function oldList(call: Call): Promise<unknown> {
  const answer = list(call);
  const delayMs = call.faults.listDelayMs();
  if (delayMs > 0) await new Promise<void>((resolve) => void call.instance.clock.after(delayMs, resolve));
  return answer;
}

function list(call: Call): unknown {
  const { instance, query } = call;
  const { profile, store } = instance;
  call.caller();
  const matches = applicationFilter(query, false);
  const fields = query.get('fields') ?? '';
  let select: ReturnType<typeof selectListFields> | undefined;
  try {
    if (fields !== '') select = selectListFields(fields, profile);
  } catch (error) {
    throw new GrpcError(2, (error as Error).message);
  }
  const texts: string[] = [];
  let bytes = 0;
  for (const record of store.list()) {
    if (!matches(record) || !canSee(call, stateOf(record).spec.project, record)) continue;
    // With fields, the weight of what crosses Argo CD's inside is judged by every so many-th application.
    if (!select || texts.length % WEIGHED === 0) {
      const text = JSON.stringify(answerOf(call, record));
      bytes += text.length * (select ? WEIGHED : 1);
      if (!select) texts.push(text);
    }
    if (select) texts.push(JSON.stringify(select(answerOf(call, record, false, true))));
  }
  const limit = call.faults.listBytesMax ?? LIST_BYTES_MAX;
  if (bytes > limit) throw new GrpcError(8, `grpc: received message larger than max (${bytes} vs. ${limit})`);
  const metadata = `"metadata":{"resourceVersion":"${store.resourceVersion}"}`;
  const items =
    texts.length === 0
      ? 'null'
      : profile.isListStreamed
        ? `[${texts.map((text) => `${text}\n`).join(',')}]`
        : `[${texts.join(',')}]`;
  const isMetadataFirst = profile.isListMetadataFirst || select === undefined;
  const body = isMetadataFirst ? `{${metadata},"items":${items}}` : `{"items":${items},${metadata}}`;
  return new RawAnswer(profile.isListStreamed ? `${body}\n` : body);
}
