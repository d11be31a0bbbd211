import type { Caller } from '../auth/caller.js';
import type { Problem } from '../errors/problem.js';
import type { ReportProgress, Tool } from './tool.js';

export interface ToolCall {
  caller: Caller;
  /** Arguments as they came; the gate parses them. */
  input: unknown;
  transport: 'mcp' | 'rest';
  /** Fires when the caller has gone. */
  signal?: AbortSignal;
  progress?: ReportProgress;
}

/** What a call came to. Both transports show exactly this. */
export type ToolResult =
  | { ok: true; tool: Tool; output: Record<string, unknown> }
  | { ok: false; tool: Tool; problem: Problem };

/** The gate: the only way to a tool. */
export interface ToolRunner {
  /** Tools the caller may call, in catalog order. */
  listTools(caller: Caller): readonly Tool[];
  /** The tool if it exists and the caller may call it; what is hidden does not exist. */
  findTool(caller: Caller, name: string): Tool | undefined;
  /** Never throws: every failure is a problem. */
  run(tool: Tool, call: ToolCall): Promise<ToolResult>;
}
