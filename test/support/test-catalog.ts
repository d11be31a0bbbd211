import { z } from 'zod';
import { AppError } from '../../src/errors/app-error.js';
import { defineTool, type Tool } from '../../src/tools/tool.js';

/** What the tools of a test have seen and what holds them up. */
export class ToolProbe {
  readonly calls: { tool: string; input: unknown; caller: string }[] = [];
  aborted = 0;
  private release: (() => void) | undefined;

  /** Lets the call of `wait` that is under way end. */
  finish(): void {
    this.release?.();
  }

  get isWaiting(): boolean {
    return this.release !== undefined;
  }

  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.release = undefined;
      };
      this.release = () => (end(), resolve());
      signal.addEventListener('abort', () => {
        this.aborted++;
        end();
        reject(new AppError('unavailable', 'stopped'));
      });
    });
  }
}

/** A few tools with every trait that a transport must carry, over nothing. */
export function testCatalog(probe = new ToolProbe()): readonly Tool[] {
  const cluster = z.string().min(1).max(200).optional().describe('Which clusters');
  const echo = defineTool({
    name: 'echo_text',
    title: 'Echo a text',
    description: 'Answers what it was told.',
    effect: 'read',
    idempotent: true,
    route: 'GET /echo',
    toolset: 'applications',
    input: z.strictObject({ text: z.string().min(1).describe('What to say'), cluster }),
    output: z.object({ text: z.string().describe('What was said'), cluster: z.string().optional().describe('Where') }),
    run: async (input, { caller }) => {
      probe.calls.push({ tool: 'echo_text', input, caller: caller.name });
      return input;
    },
  });
  const wait = defineTool({
    name: 'wait_for_release',
    title: 'Wait',
    description: 'Waits until the test lets it go, with progress.',
    effect: 'read',
    idempotent: true,
    route: 'GET /wait',
    toolset: 'jobs',
    input: z.strictObject({ steps: z.int().min(0).max(10).default(0).describe('Steps to report first') }),
    output: z.object({ done: z.boolean().describe('Always true') }),
    run: async ({ steps }, { signal, progress, caller }) => {
      probe.calls.push({ tool: 'wait_for_release', input: { steps }, caller: caller.name });
      for (let step = 1; step <= steps; step++) progress({ progress: step, total: steps, message: `step ${step}` });
      await probe.wait(signal);
      return { done: true };
    },
  });
  const change = defineTool({
    name: 'change_thing',
    title: 'Change a thing',
    description: 'Changes nothing, but says so.',
    effect: 'change',
    idempotent: false,
    route: 'POST /things',
    toolset: 'applications',
    input: z.strictObject({ cluster }),
    output: z.object({ changed: z.boolean().describe('Always true') }),
    run: async (input, { caller }) => {
      probe.calls.push({ tool: 'change_thing', input, caller: caller.name });
      return { changed: true };
    },
  });
  const fail = defineTool({
    name: 'fail_always',
    title: 'Fail',
    description: 'Fails in the way it is told to.',
    effect: 'read',
    idempotent: true,
    route: 'GET /fail',
    toolset: 'clusters',
    input: z.strictObject({ how: z.enum(['known', 'unknown']).describe('How') }),
    output: z.object({ never: z.string().describe('Never there') }),
    run: ({ how }) =>
      how === 'known'
        ? Promise.reject(new AppError('not_found', 'No such thing.', { suggestions: ['that'] }))
        : Promise.reject(new Error('password=hunter2 at 10.0.0.1')),
  });
  return [echo, wait, change, fail];
}
