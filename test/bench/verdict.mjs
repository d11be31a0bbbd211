/** One row of the table: what was promised, what came of it. */
const row = (what, bar, measured, isMet, more) => ({ what, bar, measured, isMet, ...more });

/** @param say how a number is written, with its unit */
export const atLeast = (what, value, bar, say = plain, more = {}) =>
  row(
    what,
    `at least ${say(bar)}${more.aim === undefined ? '' : `, aim ${say(more.aim)}`}`,
    say(value),
    value >= bar,
    more,
  );

export const atMost = (what, value, bar, say = plain, more = {}) =>
  row(what, `at most ${say(bar)}`, say(value), value <= bar, more);

export const plain = (number) => number.toFixed(2);
export const whole = (number) => Math.round(number).toLocaleString('en-US');
export const ms = (number) => `${number < 10 ? number.toFixed(2) : number.toFixed(1)} ms`;
export const times = (number) => `${number < 10 ? number.toFixed(2) : whole(number)} times`;
export const gibibytes = (bytes) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** What two rounds of requests came to, as rows of a table. */
export const requestRows = (named) =>
  named.map(([name, { perSecond, p50Ms, p99Ms, bodyBytes }]) => [
    name,
    whole(perSecond),
    ms(p50Ms),
    ms(p99Ms),
    whole(bodyBytes),
  ]);
export const requestHeader = ['', 'Requests per second', 'p50', 'p99', 'Bytes per answer'];
