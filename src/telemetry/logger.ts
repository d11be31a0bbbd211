import { pino, type DestinationStream, type Logger } from 'pino';
import { cutText, loggable, scrubText } from './scrub.js';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Characters of a line. Longer ones would hold the process up and break the collectors behind it. */
const lineMax = 65_536;

/**
 * Lines are written in batches, since one write per call of a tool costs more than the call: at most so many bytes and
 * milliseconds late. What is a warning or worse takes all lines before it along at once, and so does every line of the
 * audit and the end of the process; a process that is killed outright loses its last moment, but never who changed what.
 */
const buffering = { minLength: 8_192, periodicFlush: 100 };
/** Pino's number of `warn`. */
const flushedAt = 40;

const audits = new WeakSet<object>();

/** The log of who changed what: each of its lines has left the process when the call that writes it returns. */
export function auditOf(log: Logger): Logger {
  const audit = log.child({ audit: true });
  audits.add(audit);
  return audit;
}

const tooLong = (length: number): string =>
  `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg: `A line of ${length} characters was left out.` })}\n`;

/**
 * The log: one JSON object per line on stderr, never on stdout, which belongs to MCP over stdio.
 *
 * No line holds a credential: values of fields whose name says so are replaced wherever they stand, and the finished
 * line is scrubbed by pattern (`Authorization`, passwords in URLs, API keys, JSON Web Tokens, private keys), so that
 * messages, stacks and bindings of child loggers are covered too.
 *
 * @param destination for tests; anything with `write(line)`
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const stderr = destination
    ? undefined
    : pino.destination({ fd: 2, sync: false, contentMode: 'buffer', ...buffering });
  const flush = (): void => {
    try {
      stderr?.flushSync();
    } catch {
      // Not open yet, or full: it is written with the next lines.
    }
  };
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors become data in `loggable`; pino's own serializer would bring stacks and every property along.
      serializers: { err: (error: unknown) => error, error: (error: unknown) => error },
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => loggable(bindings) as Record<string, unknown>,
        log: (fields) => loggable(fields) as Record<string, unknown>,
      },
      hooks: {
        logMethod(args, method, level) {
          const cut = args.map((arg: unknown) => (typeof arg === 'string' ? cutText(arg) : arg));
          method.apply(this, cut as Parameters<typeof method>);
          if (level >= flushedAt || audits.has(this)) flush();
        },
        streamWrite: (line) => (line.length > lineMax ? tooLong(line.length) : scrubText(line)),
      },
    },
    destination ?? (stderr && inBytes(stderr)),
  );
}

/** Of texts, the destination would join and measure all that wait anew with each line. */
const inBytes = (destination: { write(bytes: never): unknown }): DestinationStream => ({
  write: (line) => void destination.write(Buffer.from(line) as never),
});
