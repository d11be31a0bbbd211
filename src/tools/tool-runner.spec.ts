import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import { everything } from '../fleet/scope.js';
import { createLogger } from '../telemetry/logger.js';
import { answerBytesDefault, answerBytesMax } from './budget.js';
import { ToolRunner, type ToolCall, type ToolRunnerOptions } from './tool-runner.js';
import { defineTool, type Tool } from './tool.js';

type AnyTool = Parameters<typeof defineTool>[0];

function tool(part: Partial<AnyTool> & Pick<AnyTool, 'run'>): Tool {
  return defineTool({
    name: 'find_things',
    title: 'Find things',
    description: 'Finds things.',
    effect: 'read',
    idempotent: true,
    route: 'GET /things',
    toolset: 'applications',
    input: z.strictObject({
      cluster: z.string().min(1).optional().describe('Cluster'),
      health: z.enum(['Healthy', 'Degraded']).optional().describe('Health'),
      limit: z.int().min(1).max(200).default(20).describe('How many'),
    }),
    output: z.object({ things: z.array(z.object({ name: z.string(), note: z.string().optional() })), total: z.int() }),
    ...part,
  });
}

const caller = (role: Caller['role'], tools: (name: string) => boolean = () => true): Caller => ({
  name: 'ann',
  role,
  scope: everything,
  tool: tools,
});
const admin = caller('admin');

interface Line extends Record<string, unknown> {
  msg: string;
  level: string;
}

function gate(tools: readonly Tool[], options: Partial<ToolRunnerOptions> = {}) {
  const lines: Line[] = [];
  const measured: { tool: string; outcome: string; seconds: number }[] = [];
  const runner = new ToolRunner({
    tools,
    // The tools of this file use nothing of the fleet or the jobs.
    contextFor: (who, { signal, progress }) => ({ fleet: {}, jobs: {}, caller: who, signal, progress }) as never,
    readOnly: false,
    log: createLogger('debug', { write: (line: string) => void lines.push(JSON.parse(line) as Line) }),
    metrics: { toolCalled: (name, outcome, seconds) => void measured.push({ tool: name, outcome, seconds }) },
    ...options,
  });
  const run = (input: unknown, call: Partial<ToolCall> = {}, which = tools[0]!) =>
    runner.run(which, { caller: admin, input, transport: 'mcp', ...call });
  const problemOf = async (...args: Parameters<typeof run>) => {
    const result = await run(...args);
    if (result.ok) throw new Error('the call was expected to fail');
    return result.problem;
  };
  const callLines = () => lines.filter(({ msg }) => msg === 'tool call');
  const auditLines = () => lines.filter((line) => line['audit'] === true);
  return { runner, run, problemOf, lines, callLines, auditLines, measured };
}

const one = tool({ run: async () => ({ things: [{ name: 'a' }], total: 1 }) });

describe('arguments', () => {
  it('are all complained about at once, in words, with their paths', async () => {
    const { problemOf } = gate([one]);
    const problem = await problemOf({ helth: 'x', health: 'Degrded', limit: 0, cluster: 7 });
    expect(problem.code).toBe('invalid_input');
    const issues = problem.details?.['issues'] as { path: string; message: string }[];
    expect(issues).toEqual(
      expect.arrayContaining([
        { path: 'cluster', message: 'must be a string, not a number' },
        { path: 'health', message: 'must be one of Healthy, Degraded. Did you mean Degraded?' },
        { path: 'limit', message: 'must be at least 1' },
        { path: 'helth', message: 'unknown argument. Did you mean health? Known: cluster, health, limit.' },
      ]),
    );
    expect(issues).toHaveLength(4);
    for (const { path, message } of issues) expect(problem.detail).toContain(`${path}: ${message}`);
  });

  it.each([
    [{ limit: 1.5 }, 'limit: must be an integer, not a fraction'],
    [{ limit: 201 }, 'limit: must be at most 200'],
    [{ cluster: '' }, 'cluster: must not be empty'],
    [{ cluster: null }, 'cluster: must be a string, not null; leave it out instead'],
    [{ cluster: ['a'] }, 'cluster: must be a string, not an array'],
    [[1], 'arguments: must be an object, not an array'],
    ['text', 'arguments: must be an object, not a string'],
  ])('%j is answered with "%s"', async (input, message) => {
    const { problemOf } = gate([one]);
    expect((await problemOf(input)).detail).toBe(message);
  });

  it('that are missing are named', async () => {
    const { problemOf } = gate([tool({ input: z.strictObject({ name: z.string() }), run: one.run })]);
    expect((await problemOf(undefined)).detail).toBe('name: is required');
  });

  it('bring the message of the schema where it has its own', async () => {
    const input = z.strictObject({ name: z.string().regex(/^[a-z]+$/, 'must be lower case') });
    const { problemOf } = gate([tool({ input, run: one.run })]);
    expect((await problemOf({ name: 'A' })).detail).toBe('name: must be lower case');
  });

  it('are strict even where a declaration is not', async () => {
    const { problemOf } = gate([tool({ input: z.object({}), run: one.run })]);
    expect((await problemOf({ x: 1 })).detail).toBe('x: unknown argument. This tool takes no arguments.');
  });

  it('cannot make the answer grow: what is too much is counted', async () => {
    const { problemOf } = gate([one]);
    const hostile = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`${index}${'x'.repeat(1000)}`, 1]));
    const problem = await problemOf(hostile);
    expect(problem.details?.['issuesOmitted']).toBe(4980);
    expect(JSON.stringify(problem).length).toBeLessThan(5000);
  });

  it('reach the tool parsed, with defaults', async () => {
    let seen: unknown;
    const { run } = gate([tool({ run: async (input) => ((seen = input), { things: [], total: 0 }) })]);
    await run(undefined);
    expect(seen).toEqual({ limit: 20 });
  });
});

describe('authorisation', () => {
  const change = tool({ name: 'change_thing', effect: 'change', input: z.strictObject({}), run: one.run });
  const destroy = tool({ name: 'destroy_thing', effect: 'destroy', input: z.strictObject({}), run: one.run });
  const all = [destroy, one, change];
  const callers = [caller('viewer'), caller('operator'), admin, caller('admin', (name) => name === 'change_thing')];

  it.each([true, false])('lists a tool exactly if a call is authorised (read-only: %s)', async (readOnly) => {
    const { runner } = gate(all, { readOnly });
    for (const who of callers) {
      const listed = runner.listTools(who);
      for (const candidate of all) {
        const result = await runner.run(candidate, { caller: who, input: {}, transport: 'rest' });
        expect(result.ok).toBe(listed.includes(candidate));
        expect(runner.findTool(who, candidate.name)).toBe(result.ok ? candidate : undefined);
      }
    }
  });

  it('keeps the order of the catalog', () => {
    expect(gate(all).runner.listTools(admin)).toEqual(all);
  });

  it('comes before the arguments are looked at', async () => {
    const { problemOf } = gate(all);
    expect((await problemOf({ wrong: true }, { caller: caller('viewer') }, change)).code).toBe('forbidden');
  });
});

describe('time', () => {
  const never = (part: Partial<AnyTool>) =>
    tool({ deadlineMs: 20, input: z.strictObject({}), ...part, run: () => new Promise<never>(() => undefined) });

  it('runs out for a tool that does not listen', async () => {
    const problem = await gate([never({})]).problemOf({});
    expect(problem).toMatchObject({ code: 'cluster_timeout', status: 504, retryable: true });
    expect(problem.detail).toContain('find_things did not end within 0.02 s');
  });

  it('that runs out on a change says that the change may have been made', async () => {
    const problem = await gate([never({ effect: 'change' })]).problemOf({});
    expect(problem.detail).toContain('not known whether the change was started');
  });

  it('lets a tool that was told to stop end in its own words', async () => {
    const own = tool({
      deadlineMs: 20,
      run: (_input, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new AppError('cluster_timeout', 'eu-prod did not answer.')));
        }),
    });
    expect((await gate([own]).problemOf({})).detail).toBe('eu-prod did not answer.');
  });

  it('does not show the bare AbortError of a tool that was told to stop', async () => {
    const bare = tool({
      deadlineMs: 20,
      run: (_input, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DOMException('This operation was aborted', 'AbortError')));
        }),
    });
    expect((await gate([bare]).problemOf({})).code).toBe('cluster_timeout');
  });

  it('ends with the caller: the signal of the tool fires and the call is recorded as cancelled', async () => {
    const gone = new AbortController();
    let seen: AbortSignal | undefined;
    const waiting = tool({
      run: (_input, { signal }) => {
        seen = signal;
        gone.abort();
        return new Promise<never>(() => undefined);
      },
    });
    const { problemOf, measured } = gate([waiting]);
    await problemOf({}, { signal: gone.signal });
    expect(seen?.aborted).toBe(true);
    expect(measured).toEqual([expect.objectContaining({ outcome: 'cancelled' })]);
  });

  it('of a caller that has already gone is not spent', async () => {
    let isRun = false;
    const { problemOf } = gate([tool({ run: async () => ((isRun = true), { things: [], total: 0 }) })]);
    await problemOf({}, { signal: AbortSignal.abort() });
    expect(isRun).toBe(false);
  });

  it('leaves no progress behind: nothing is reported after the end', async () => {
    const told: string[] = [];
    let late: (() => void) | undefined;
    const chatty = tool({
      run: async (_input, { progress }) => {
        progress({ progress: 1, message: 'first' });
        late = () => progress({ progress: 2, message: 'late' });
        return { things: [], total: 0 };
      },
    });
    await gate([chatty]).run({}, { progress: ({ message }) => void told.push(message) });
    late?.();
    expect(told).toEqual(['first']);
  });
});

describe('answers', () => {
  it('lose unknown fields, null and undefined, at any depth', async () => {
    const loose = tool({
      run: async () => ({ things: [{ name: 'a', note: null, secret: 's' }], total: 1, extra: undefined }) as never,
    });
    const result = await gate([loose]).run({});
    expect(result).toMatchObject({ ok: true, output: { things: [{ name: 'a' }], total: 1 } });
    expect(result.ok && result.json).toBe('{"things":[{"name":"a"}],"total":1}');
  });

  it('that are not what was promised are not shown in part, and the log says where they are wrong', async () => {
    const { problemOf, callLines } = gate([tool({ run: async () => ({ things: [{ name: 'a' }, {}] }) as never })]);
    const problem = await problemOf({});
    expect(problem).toMatchObject({ code: 'internal', status: 500 });
    expect(JSON.stringify(problem)).not.toContain('things.1');
    expect(JSON.stringify(callLines())).toContain('things.1.name');
  });

  it('of unknown failures tell nothing but an id that stands in the log beside the cause', async () => {
    const leaky = tool({ run: () => Promise.reject(new Error('redis://u:hunter2@10.0.0.1 refused')) });
    const { problemOf, callLines } = gate([leaky]);
    const problem = await problemOf({});
    expect(problem).toMatchObject({ code: 'internal', detail: 'The server failed on this call.' });
    expect(JSON.stringify(problem)).not.toMatch(/redis|hunter2|10\.0\.0\.1/);
    const [line] = callLines();
    expect(line?.['requestId']).toBe(problem.details?.['requestId']);
    expect(JSON.stringify(line)).toContain('refused');
    expect(JSON.stringify(line)).not.toContain('hunter2');
  });
});

describe('the response budget', () => {
  /** Pages like a real list: `limit` rows from a fixed order, a cursor to the next. */
  const pages = (noteLength: number) =>
    tool({
      output: z.object({
        things: z.array(z.object({ name: z.string(), note: z.string() })),
        total: z.int(),
        nextCursor: z.string().optional(),
      }),
      run: async ({ limit }) => {
        const count = Math.min(limit as number, 500);
        const things = Array.from({ length: count }, (_, index) => ({
          name: `${index}`,
          note: 'n'.repeat(noteLength),
        }));
        return { things, total: 500, nextCursor: count < 500 ? String(count) : undefined };
      },
    });

  it('shortens a page whose limit nobody asked for, and the cursor follows, so that nothing is skipped', async () => {
    const result = await gate([pages(5000)]).run({});
    if (!result.ok) throw new Error(result.problem.detail);
    const { things, total, nextCursor } = result.output as { things: unknown[]; total: number; nextCursor: string };
    expect(Buffer.byteLength(result.json)).toBeLessThanOrEqual(answerBytesDefault);
    expect(things.length).toBeGreaterThan(0);
    expect(nextCursor).toBe(String(things.length));
    expect(total).toBe(500);
  });

  it('is wider for a limit that was asked for, and never exceeded', async () => {
    const result = await gate([pages(300)]).run({ limit: 200 });
    if (!result.ok) throw new Error(result.problem.detail);
    expect(Buffer.byteLength(result.json)).toBeGreaterThan(answerBytesDefault);
    expect(Buffer.byteLength(result.json)).toBeLessThanOrEqual(answerBytesMax);
  });

  it('leaves alone what fits', async () => {
    const result = await gate([pages(10)]).run({});
    expect(result.ok && (result.output['things'] as unknown[]).length).toBe(20);
  });

  it('refuses a read that cannot be shortened', async () => {
    const { problemOf, callLines } = gate([pages(answerBytesMax)]);
    expect((await problemOf({})).code).toBe('internal');
    expect(JSON.stringify(callLines())).toContain('bytes');
  });

  it('does not hide that a change was made', async () => {
    const output = z.object({ note: z.string() });
    const long = tool({
      effect: 'change',
      input: z.strictObject({}),
      output,
      run: async () => ({ note: 'n'.repeat(50_000) }),
    });
    expect((await gate([long]).run({})).ok).toBe(true);
  });
});

describe('records', () => {
  it('are one log line and one measurement per call, whatever comes of it', async () => {
    const { run, callLines, measured } = gate([one]);
    await run({});
    await run({ limit: 0 });
    expect(callLines()).toEqual([
      expect.objectContaining({ level: 'info', tool: 'find_things', outcome: 'ok', caller: 'ann', transport: 'mcp' }),
      expect.objectContaining({ level: 'debug', tool: 'find_things', outcome: 'invalid_input' }),
    ]);
    expect(measured.map(({ outcome }) => outcome)).toEqual(['ok', 'invalid_input']);
  });

  it('hold an audit entry for every change that was asked for, and for no read', async () => {
    const start = tool({
      name: 'start_thing',
      effect: 'change',
      input: z.strictObject({ name: z.string() }),
      output: z.object({ job: z.object({ jobId: z.string() }) }),
      run: async () => ({ job: { jobId: 'j-1' } }),
    });
    const { run, auditLines } = gate([one, start]);
    await run({});
    await run({ name: 'a' }, {}, start);
    await run({ name: 'a' }, { caller: caller('viewer') }, start);
    expect(auditLines()).toEqual([
      expect.objectContaining({
        tool: 'start_thing',
        outcome: 'ok',
        input: { name: 'a' },
        jobId: 'j-1',
        role: 'admin',
      }),
      expect.objectContaining({ tool: 'start_thing', outcome: 'forbidden', role: 'viewer' }),
    ]);
  });

  it('cannot fail a call', async () => {
    const metrics = {
      toolCalled: () => {
        throw new Error('registry is gone');
      },
    };
    expect((await gate([one], { metrics }).run({})).ok).toBe(true);
  });
});
