import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CallLog } from './call-log.js';
import { createLogger, type LogLevel } from './logger.js';

function log(level: LogLevel = 'info', bindings?: Record<string, unknown>) {
  const lines: string[] = [];
  const own = createLogger(level, { write: (line: string) => void lines.push(line) });
  return { logger: bindings ? own.child(bindings) : own, lines };
}

const withoutTime = (line: string | undefined): string | undefined => line?.replace(/"time":"[^"]*"/, '"time":""');

describe('the line of a call that was answered from what is known', () => {
  it('is what the logger itself writes, whoever calls', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom('ops', 'token=abc', 'a"b\\', 'Bearer abcdefgh', 'x\u2028'));
    const calls = fc.record({ tool: fc.constant('list_applications'), transport: names, caller: names });
    fc.assert(
      fc.property(calls, fc.double({ min: 0, max: 60, noNaN: true }), fc.nat(), names, (call, seconds, bytes, id) => {
        for (const bindings of [undefined, { server: 'one' }]) {
          const { logger, lines } = log('info', bindings);
          const requestId = id.replace(/[^\w-]/g, '');
          new CallLog(logger).good({ ...call, seconds, requestId, bytes });
          const durationMs = Math.round(seconds * 1000);
          logger.info({ ...call, outcome: 'ok', durationMs, requestId, bytes }, 'tool call');
          expect(lines).toHaveLength(2);
          expect(withoutTime(lines[0])).toBe(withoutTime(lines[1]));
        }
      }),
    );
  });

  it('tells when it was written', () => {
    const { logger, lines } = log();
    const before = Date.now();
    new CallLog(logger).good({ tool: 't', transport: 'mcp', caller: 'c', seconds: 0, requestId: 'r', bytes: 1 });
    const at = Date.parse((JSON.parse(lines[0] as string) as { time: string }).time);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it('is not written below its level', () => {
    const { logger, lines } = log('warn');
    new CallLog(logger).good({ tool: 't', transport: 'mcp', caller: 'c', seconds: 0, requestId: 'r', bytes: 1 });
    expect(lines).toEqual([]);
  });
});
