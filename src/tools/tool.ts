import type { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import type { FleetView } from '../fleet/fleet-view.js';
import type { Jobs } from '../jobs/jobs.js';

/** `read` changes nothing; `change` can be undone or repeated; `destroy` cannot. */
export type Effect = 'read' | 'change' | 'destroy';

/** Progress of a long call. `progress` only grows; `total` where it is known. */
export type ReportProgress = (progress: { progress: number; total?: number; message: string }) => void;

/** What a tool works with. Both parts are already bound to the caller's scope. */
export interface ToolContext {
  fleet: FleetView;
  jobs: Jobs;
  caller: Caller;
  /** Fires at the tool's deadline or when the caller has gone. */
  signal: AbortSignal;
  progress: ReportProgress;
}

/** A tool is declared once; the MCP tool, the REST route, the OpenAPI operation and the docs row derive from it. */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** snake_case; also the file name (with dashes) and the REST operationId. */
  name: string;
  title: string;
  /** What it answers, when to use it, what to call next. Written for a model. */
  description: string;
  effect: Effect;
  /** Same call again has no further effect. */
  idempotent: boolean;
  /** `GET /applications/{application}`, under /api/v1. Path parameters are input fields. */
  route: `${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`;
  toolset: 'clusters' | 'applications' | 'jobs';
  /** Flat, strict, every field described. */
  input: I;
  output: O;
  /** True when REST answers 202 with `Location: /api/v1/jobs/{jobId}` and `Retry-After`. */
  startsJob?: boolean;
  /** Milliseconds the call may take at most; default 30000. */
  deadlineMs?: number;
  /**
   * Present on a tool that answers from the index alone: for how many milliseconds these arguments have the same answer
   * while nothing in the index changes. 0: they ask a cluster, or depend on the time of the call.
   */
  cachedForMs?(input: z.output<I>): number;
  run(input: z.output<I>, context: ToolContext): Promise<z.input<O>>;
}

/** Gives a tool its inferred types. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool {
  return tool as unknown as Tool;
}
