import type { Recording } from '../../support/recordings.js';
import type { Answer } from './exchange.js';
import { mask, maskText, shapeOf } from './mask.js';

/** `exact`: the body word for word once passing values are masked. `shape`: the same key paths with the same types. */
export type Depth = 'exact' | 'shape';

/** Go's server knows the length of what fits into its buffer; a longer body goes out in chunks. */
const BUFFER_BYTES = 2048;
/** These must be equal, absence included. Others (date, lengths) are passing. */
const HEADERS = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'grpc-metadata-content-type',
  'vary',
  'x-content-type-options',
  'allow',
  'location',
  'content-security-policy',
  'x-frame-options',
  'x-robots-tag',
  'x-xss-protection',
  'set-cookie',
];

/** In what the simulator's answer is not what was recorded; empty if it is the same. */
export function differences(recording: Recording, answer: Answer, depth: Depth): string[] {
  const { response } = recording;
  if (answer.status !== response.status)
    return [`status ${answer.status} instead of ${response.status}: ${answer.text}`];
  return [...headerDifferences(recording, answer), ...bodyDifferences(recording, answer, depth)];
}

export function headerDifferences({ response }: Recording, answer: Pick<Answer, 'headers' | 'bytes'>): string[] {
  const recorded = response.headers ?? {};
  const found = HEADERS.filter(
    (name) => maskText(recorded[name] ?? '<none>') !== maskText(answer.headers[name] ?? '<none>'),
  ).map((name) => `header ${name}: ${answer.headers[name] ?? '<none>'} instead of ${recorded[name] ?? '<none>'}`);
  const isChunked = (headers: Record<string, string>): boolean => headers['transfer-encoding'] === 'chunked';
  // Where both bodies lie on the same side of the limit, both must be framed in the same way.
  const recordedBytes = Number(recorded['content-length'] ?? (bodyText(response).length || 0));
  const isSameSide = recordedBytes > BUFFER_BYTES === answer.bytes > BUFFER_BYTES;
  if (isSameSide && isChunked(recorded) !== isChunked(answer.headers))
    found.push(`framing: ${isChunked(answer.headers) ? 'chunked' : 'content-length'} for ${answer.bytes} bytes`);
  return found;
}

function bodyDifferences({ response }: Recording, answer: Answer, depth: Depth): string[] {
  if (response.body === '(gzip bytes)') return [];
  const text = response.text ?? response.chunks?.map((chunk) => chunk.text).join('');
  if (text !== undefined) {
    const [mine, theirs] = [maskText(answer.text), maskText(text)];
    return mine === theirs ? [] : [`text ${JSON.stringify(mine)} instead of ${JSON.stringify(theirs)}`];
  }
  if (response.body === undefined)
    return answer.text === '' ? [] : [`text ${JSON.stringify(answer.text)} instead of none`];
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    return [`no JSON: ${JSON.stringify(answer.text.slice(0, 200))}`];
  }
  return depth === 'exact' ? valueDifferences(mask(response.body), mask(body)) : shapeDifferences(response.body, body);
}

/** Where two masked values part, path by path; at the end also whether only the order of keys does. */
export function valueDifferences(recorded: unknown, mine: unknown, path = ''): string[] {
  if (JSON.stringify(recorded) === JSON.stringify(mine)) return [];
  if (!isBranch(recorded) || !isBranch(mine) || Array.isArray(recorded) !== Array.isArray(mine))
    return [`${path || 'body'}: ${show(mine)} instead of ${show(recorded)}`];
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(mine)])];
  const inside = keys.flatMap((key) =>
    valueDifferences(
      (recorded as Record<string, unknown>)[key],
      (mine as Record<string, unknown>)[key],
      path === '' ? key : `${path}.${key}`,
    ),
  );
  if (inside.length > 0) return inside;
  return [`${path || 'body'}: order ${Object.keys(mine).join()} instead of ${Object.keys(recorded).join()}`];
}

export function shapeDifferences(recorded: unknown, mine: unknown): string[] {
  const [theirs, ours] = [shapeOf(mask(recorded)), shapeOf(mask(mine))];
  return [
    ...[...theirs].filter((line) => !ours.has(line)).map((line) => `lacks ${line}`),
    ...[...ours].filter((line) => !theirs.has(line)).map((line) => `has ${line}`),
  ];
}

function bodyText({ body, text }: Recording['response']): string {
  return text ?? (body === undefined ? '' : JSON.stringify(body));
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
