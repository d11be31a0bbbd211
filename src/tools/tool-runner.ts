import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.js';
import { authorise } from '../auth/policy.js';
import { AppError } from '../errors/app-error.js';
import { errorCatalogue, type ErrorCode } from '../errors/catalogue.js';
import { toProblem, type Problem } from '../errors/problem.js';
import { CallLog } from '../telemetry/call-log.js';
import { auditOf } from '../telemetry/logger.js';
import { checkAnswer, type Answer } from './answer.js';
import type { AnswerCache } from './answer-cache.js';
import { ArgumentParser } from './arguments.js';
import { answerBytesMax, withinBudget } from './budget.js';
import { Deadline } from './deadline.js';
import type { ReportProgress, Tool, ToolContext } from './tool.js';

export interface ToolCall {
  caller: Caller;
  /** Arguments as they came; the gate parses them. */
  input: unknown;
  transport: 'mcp' | 'rest';
  /** Id under which the transport knows the request; the log and audit lines carry it. Made here when absent. */
  requestId?: string;
  /** Fires when the caller has gone. */
  signal?: AbortSignal;
  progress?: ReportProgress;
}

/** What a call came to. Both transports show exactly this. `json` is `output` as compact JSON text. */
export type ToolResult =
  { ok: true; tool: Tool; output: Record<string, unknown>; json: string } | { ok: false; tool: Tool; problem: Problem };

/** How a call ended, as metric and log name it. */
export type ToolOutcome = 'ok' | 'cancelled' | ErrorCode;

/** What the gate needs of telemetry. */
export interface ToolMetrics {
  /** Metric `tool_duration_seconds{tool,outcome}`. */
  toolCalled(tool: string, outcome: ToolOutcome, seconds: number): void;
}

export interface ToolRunnerOptions {
  /** The catalog, in the order in which it is listed. */
  tools: readonly Tool[];
  /** Binds what tools work with to one caller's scope. */
  contextFor(caller: Caller, extra: { signal: AbortSignal; progress: ReportProgress }): ToolContext;
  /** Nobody may change anything. */
  readOnly: boolean;
  /** Absent: every call is answered anew. */
  answers?: AnswerCache;
  log: Logger;
  metrics: ToolMetrics;
}

const deadlineMsDefault = 30_000;

/**
 * The gate: the only way to a tool. Authorise, parse, run under a deadline, check the answer, keep it within its
 * budget, record. Authorise comes first, so that nobody learns from a complaint about arguments what they may not call.
 *
 * Every call leaves one log line and one metric, and one audit line (`audit: true`) if the tool changes something.
 */
export class ToolRunner {
  private readonly tools: ReadonlyMap<string, { tool: Tool; parser: ArgumentParser }>;
  private readonly audit: Logger;
  private readonly calls: CallLog;

  constructor(private readonly options: ToolRunnerOptions) {
    this.tools = new Map(options.tools.map((tool) => [tool.name, { tool, parser: new ArgumentParser(tool) }]));
    this.audit = auditOf(options.log);
    this.calls = new CallLog(options.log);
  }

  /** Every tool, whoever may call it. For what is made once at start: schemas, routes, documents. */
  get catalog(): readonly Tool[] {
    return this.options.tools;
  }

  /** Tools the caller may call, in catalog order. */
  listTools(caller: Caller): readonly Tool[] {
    return this.options.tools.filter((tool) => this.refusal(caller, tool) === undefined);
  }

  /** The tool if it exists and the caller may call it; what is hidden does not exist. */
  findTool(caller: Caller, name: string): Tool | undefined {
    const tool = this.tools.get(name)?.tool;
    return tool && this.refusal(caller, tool) === undefined ? tool : undefined;
  }

  /** Never throws: every failure is a problem. */
  async run(tool: Tool, call: ToolCall): Promise<ToolResult> {
    const startedAt = performance.now();
    const requestId = call.requestId ?? randomUUID();
    const end = (ending: Ending): void =>
      this.record(tool, call, { ...ending, requestId, seconds: (performance.now() - startedAt) / 1000 });
    let input: Record<string, unknown> | undefined;
    try {
      const refusal = this.refusal(call.caller, tool);
      if (refusal) throw refusal;
      const { answers } = this.options;
      const key = answers?.keyOf(tool, call.caller, call.input);
      let answer = key === undefined ? undefined : answers?.get(key);
      if (!answer) {
        input = this.parserOf(tool).parse(call.input);
        const began = answers?.begin();
        answer = await this.answer(tool, call, input);
        if (key !== undefined && began) answers?.keep(key, answer, began, tool.cachedForMs?.(input) ?? 0);
      }
      end({ outcome: 'ok', input, answer });
      return { ok: true, tool, output: answer.output, json: answer.json };
    } catch (thrown) {
      const error = withRequestId(AppError.from(thrown), requestId);
      end({ outcome: call.signal?.aborted ? 'cancelled' : error.code, input, error });
      return { ok: false, tool, problem: toProblem(error) };
    }
  }

  /**
   * The kept answer to a call, if there is one that is true now and the caller may have it; recorded like any other
   * call. Undefined: `run` has to find out.
   */
  recall(tool: Tool, call: ToolCall): (ToolResult & { ok: true }) | undefined {
    const startedAt = performance.now();
    const { answers } = this.options;
    const key = answers?.keyOf(tool, call.caller, call.input);
    if (key === undefined || this.refusal(call.caller, tool)) return undefined;
    const answer = answers?.get(key);
    if (!answer) return undefined;
    const requestId = call.requestId ?? randomUUID();
    const seconds = (performance.now() - startedAt) / 1000;
    if (tool.effect === 'read') this.recordShortly(tool, call, { seconds, requestId, bytes: answer.bytes });
    else this.record(tool, call, { outcome: 'ok', answer, requestId, seconds });
    return { ok: true, tool, output: answer.output, json: answer.json };
  }

  /** As `record`, for a read that went well. */
  private recordShortly(
    { name }: Tool,
    { transport, caller }: ToolCall,
    end: { seconds: number; requestId: string; bytes: number },
  ): void {
    try {
      this.calls.good({ tool: name, transport, caller: caller.name, ...end });
      this.options.metrics.toolCalled(name, 'ok', end.seconds);
    } catch {
      // See below.
    }
  }

  private refusal(caller: Caller, { name, effect }: Tool): AppError | undefined {
    return authorise(caller, { name, effect }, { readOnly: this.options.readOnly });
  }

  private parserOf(tool: Tool): ArgumentParser {
    return this.tools.get(tool.name)?.parser ?? new ArgumentParser(tool);
  }

  private async answer(tool: Tool, call: ToolCall, input: Record<string, unknown>): Promise<Answer> {
    const deadline = new Deadline(tool, tool.deadlineMs ?? deadlineMsDefault, call.signal);
    try {
      const progress: ReportProgress = (step) => {
        if (!deadline.isOver) call.progress?.(step);
      };
      const context = this.options.contextFor(call.caller, { signal: deadline.signal, progress });
      const once = async (asked: Record<string, unknown>): Promise<Answer> =>
        checkAnswer(tool, await deadline.limit(() => tool.run(asked, context)));
      const isLimitGiven = (call.input as Record<string, unknown> | undefined)?.['limit'] !== undefined;
      const answer = await withinBudget(tool, input, isLimitGiven, await once(input), once);
      this.checkSize(tool, answer);
      return answer;
    } finally {
      deadline.end();
    }
  }

  /** A read that is too large is refused. A change was made already: hiding that would be worse than its length. */
  private checkSize(tool: Tool, { bytes }: Answer): void {
    if (bytes <= answerBytesMax) return;
    const cause = new Error(`${tool.name} answered ${bytes} bytes, ${answerBytesMax} are allowed`);
    if (tool.effect === 'read')
      throw new AppError('internal', 'The answer is too large to be shown.', { bytes }, { cause });
    this.options.log.warn({ tool: tool.name, err: cause }, 'answer over budget');
  }

  /** Telemetry must not fail a call, so whatever it throws is swallowed. */
  private record(tool: Tool, call: ToolCall, ending: Ending & { requestId: string; seconds: number }): void {
    const { outcome, input, answer, error, requestId, seconds } = ending;
    const line = {
      tool: tool.name,
      transport: call.transport,
      caller: call.caller.name,
      outcome,
      durationMs: Math.round(seconds * 1000),
      requestId,
    };
    try {
      const level = outcome === 'ok' || outcome === 'cancelled' ? 'info' : errorCatalogue[outcome].logLevel;
      this.options.log[level]({ ...line, bytes: answer?.bytes, err: error }, 'tool call');
      if (tool.effect !== 'read') {
        const asked = { effect: tool.effect, role: call.caller.role, input, refusedBecause: error?.message };
        this.audit.info({ ...line, ...asked, jobId: jobIdOf(answer?.output) }, 'change asked for');
      }
      this.options.metrics.toolCalled(tool.name, outcome, seconds);
    } catch {
      // See above.
    }
  }
}

/** How one call ended. */
interface Ending {
  outcome: ToolOutcome;
  /** Absent when the call was refused before its arguments were understood. */
  input?: Record<string, unknown>;
  answer?: Answer;
  error?: AppError;
}

/** A defect gets the id under which the log has its cause. */
function withRequestId(error: AppError, requestId: string): AppError {
  if (error.code !== 'internal') return error;
  return new AppError(error.code, error.message, { ...error.details, requestId }, { cause: error.cause });
}

function jobIdOf(output: Record<string, unknown> | undefined): unknown {
  const job = output?.['job'];
  return typeof job === 'object' && job !== null ? (job as { jobId?: unknown }).jobId : undefined;
}
