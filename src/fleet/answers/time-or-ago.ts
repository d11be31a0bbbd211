import { AppError } from '../../errors/app-error.js';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const ago = /^(\d{1,6})([smhdw])$/;
const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** True for `2h` and the like, which mean another time every time. */
export const isAgo = (text: string): boolean => ago.test(text);

/**
 * A moment as callers write it: so long ago (`90s`, `30m`, `2h`, `7d`, `4w`), or ISO 8601 with its zone; a date alone is
 * its beginning in UTC. Milliseconds since the epoch. Throws `invalid_input`.
 */
export function timeOrAgoMs(parameter: string, text: string, nowMs: number): number {
  const [, count, unit] = ago.exec(text) ?? [];
  if (count && unit) return nowMs - Number(count) * unitMs[unit as keyof typeof unitMs];
  const ms = time.test(text) && isDay(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(ms)) return ms;
  const message = 'must be so long ago (30m, 2h, 7d) or a time in ISO 8601 with its zone (2026-11-24T12:00:00Z)';
  throw new AppError('invalid_input', `${parameter}: ${message}.`, { issues: [{ path: parameter, message }] });
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  return !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
}
