import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One answer of a real Argo CD. See test/fixtures/recordings/README.md for its form. */
export interface Recording {
  version: string;
  name: string;
  request: { method: string; path: string; headers: Record<string, string>; body?: unknown };
  response: {
    status?: number;
    headers?: Record<string, string>;
    headersAtMs?: number | null;
    body?: unknown;
    text?: string;
    chunks?: { atMs: number; text: string }[];
    endedBy?: string;
  };
}

const folder = join(process.cwd(), 'test', 'fixtures', 'recordings');

export const recordedVersions = ['v2.14', 'v3.1', 'v3.6'] as const;

export function recording(version: (typeof recordedVersions)[number], name: string): Recording {
  const content = JSON.parse(readFileSync(join(folder, version, `${name}.json`), 'utf8')) as Omit<
    Recording,
    'version' | 'name'
  >;
  return { version, name, ...content };
}

export function allRecordings(): Recording[] {
  return recordedVersions.flatMap((version) =>
    readdirSync(join(folder, version))
      .filter((file) => file.endsWith('.json'))
      .map((file) => recording(version, file.slice(0, -'.json'.length))),
  );
}

/** The body as it went over the wire, byte for byte as far as the recording tells. */
export const recordedBody = ({ response }: Recording): string => response.text ?? JSON.stringify(response.body);

/** The JSON of every frame of a recorded stream, in either framing. A cut last frame is left out. */
export function recordedFrames({ response }: Recording): unknown[] {
  const lines = (response.chunks ?? [])
    .map(({ text }) => text)
    .join('')
    .split('\n');
  const last = lines.pop() ?? '';
  if (isJson(last)) lines.push(last);
  return lines
    .map((line) => line.replace(/^data:/, '').trim())
    .filter((line) => line !== '' && line !== ':')
    .map((line) => JSON.parse(line) as unknown);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
