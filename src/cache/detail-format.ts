import { createHash } from 'node:crypto';
import { z } from 'zod';
import { detailAgeMaxMs, detailBytesMax, type DetailRef, type StoredDetail } from './detail-cache.js';

/** What is kept under a field. `v` is the resourceVersion. */
const kept = z.object({ v: z.string(), at: z.iso.datetime(), detail: z.unknown() });

/** A clock that runs ahead by more than this makes a time of reading that no answer may show. */
const skewMaxMs = 2_000;

/** `<hash of the url>:<uid>`: one place per application, whichever version is kept there. */
export function detailField({ url, uid }: Pick<DetailRef, 'url' | 'uid'>): string {
  return `${createHash('sha256').update(url).digest('base64url').slice(0, 16)}:${uid}`;
}

/** JSON of what is kept; undefined when it is larger than may be. */
export function formatDetail({ resourceVersion }: DetailRef, { readAt, detail }: StoredDetail): string | undefined {
  const text = JSON.stringify({ v: resourceVersion, at: readAt, detail });
  return Buffer.byteLength(text) > detailBytesMax ? undefined : text;
}

/** Undefined when it is another version, too old, or nothing that this program wrote. */
export function parseDetail(ref: DetailRef, text: string, nowMs: number): StoredDetail | undefined {
  const { data } = kept.safeParse(parseJson(text));
  if (!data || data.v !== ref.resourceVersion) return undefined;
  const ageMs = nowMs - Date.parse(data.at);
  return ageMs > detailAgeMaxMs || ageMs < -skewMaxMs ? undefined : { readAt: data.at, detail: data.detail };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
