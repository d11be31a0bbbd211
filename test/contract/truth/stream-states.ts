interface Frame {
  result?: { type?: string; application?: Application };
  error?: unknown;
}
interface Application {
  metadata?: { name?: string; namespace?: string; labels?: Record<string, string> | null; deletionTimestamp?: string };
  operation?: { info?: { name: string }[] };
  status?: {
    sync?: { status?: string };
    health?: { status?: string };
    history?: unknown[];
    operationState?: { phase?: string; message?: string; finishedAt?: string; retryCount?: number };
  };
}

const SSE = /^(?:data: [^\n]* \n\n\n|:\n)*$/;
const JSON_LINES = /^(?:\{[^\n]*\}\n)*$/;

/** What is wrong with the framing of a stream's text; empty if nothing is. */
export function framingFaults(text: string, isSse: boolean): string[] {
  const faults: string[] = [];
  if (!(isSse ? SSE : JSON_LINES).test(text)) faults.push(`not framed as ${isSse ? 'SSE' : 'JSON lines'}`);
  if (text.startsWith(':')) faults.push('a keep-alive before the first frame');
  return faults;
}

/** The JSON of every whole frame. */
export function framesOf(text: string): Frame[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^data: /, '').trim())
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Frame);
}

/** Applications of the snapshot, in its order. */
export function snapshotOf(frames: readonly Frame[]): string[] {
  const seen: string[] = [];
  for (const frame of frames) {
    const key = keyOf(frame);
    if (seen.includes(key)) break;
    seen.push(key);
  }
  return seen;
}

/**
 * The states that a stream shows of one application, in their order, in words. A frame that brings nothing new (a
 * reconciliation) is left out; history is counted from where it stood at first; what `fields` left out is left out.
 */
export function statesOf(frames: readonly Frame[], application: string): string[] {
  const states: string[] = [];
  let last = '';
  let historyAtFirst: number | undefined;
  for (const frame of frames) {
    if (keyOf(frame) !== application && keyOf(frame).split('/').at(-1) !== application) continue;
    const { metadata, operation, status } = frame.result?.application ?? {};
    const run = status?.operationState;
    const history = status?.history?.length ?? 0;
    historyAtFirst ??= history;
    const words = [
      operation ? `operation${operation.info ? ` (${operation.info.map((info) => info.name).join()})` : ''}` : 'idle',
      run?.phase ?? 'no state',
      run?.finishedAt ? 'finished' : '',
      (run?.message ?? '').replace(/\d+:\d\d[AP]M/, '<time of day>'),
      run?.retryCount ? `retry ${run.retryCount}` : '',
      status?.sync?.status ?? '',
      status?.health?.status ?? '',
      history > historyAtFirst ? `history +${history - historyAtFirst}` : '',
      metadata?.deletionTimestamp ? 'deleting' : '',
      Object.entries(metadata?.labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(),
    ];
    const state = words.filter((word) => word !== '').join(', ');
    if (state === last && frame.result?.type !== 'DELETED') continue;
    last = state;
    states.push(frame.result?.type === 'DELETED' ? 'DELETED' : state);
  }
  return states;
}

function keyOf({ result }: Frame): string {
  const { name = '', namespace } = result?.application?.metadata ?? {};
  return namespace && namespace !== 'argocd' ? `${namespace}/${name}` : name;
}
