/** Days before a year of the calendar that begins in March, so that a leap day is the last one. */
const daysBefore = (year: number): number =>
  year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
const daysBeforeEpoch = daysBefore(1969) + 306;

/**
 * Milliseconds since the epoch of a time in ISO 8601, as `Date.parse` reads it; several times faster where it is written
 * as Kubernetes does (`2026-11-24T12:00:00Z`). A cluster has hundreds of thousands of times.
 */
export function timeMs(text: string): number {
  if (text.length !== 20 || !isInForm(text)) return Date.parse(text);
  const year = pair(text, 0) * 100 + pair(text, 2);
  const month = pair(text, 5);
  const day = pair(text, 8);
  const hours = pair(text, 11);
  const minutes = pair(text, 14);
  const seconds = pair(text, 17);
  const isPlain = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hours <= 23 && minutes <= 59 && seconds <= 59;
  if (!isPlain || !(year >= 0)) return Date.parse(text);
  const marchMonth = (month + 9) % 12;
  const days = daysBefore(month > 2 ? year : year - 1) + Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  return (((days - daysBeforeEpoch) * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000;
}

const isInForm = (text: string): boolean =>
  text.charCodeAt(4) === 45 &&
  text.charCodeAt(7) === 45 &&
  text.charCodeAt(10) === 84 &&
  text.charCodeAt(13) === 58 &&
  text.charCodeAt(16) === 58 &&
  text.charCodeAt(19) === 90;

/** Two digits as a number; not a number when they are none. */
function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
