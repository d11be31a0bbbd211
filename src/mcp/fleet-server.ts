import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type CallToolResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Caller } from '../auth/caller.js';
import { didYouMean, suggest } from '../errors/suggest.js';
import type { ToolResult, ToolRunner } from '../tools/tool-runner.js';
import type { ReportProgress, Tool } from '../tools/tool.js';
import { FleetResources } from './fleet-resources.js';
import { instructions } from './instructions.js';
import { serverInfo } from './server-info.js';
import { toolDefinition, type MirroredArgument, type ToolDefinition } from './tool-definition.js';

/** `modern` is 2026-07-28 and later, `legacy` the revisions with a handshake before it. */
export type ProtocolEra = 'modern' | 'legacy';

/** How long a client may keep what it was told about tools; a new key or release shows up after that. */
const listTtlMs = 300_000;
/** Clusters come and go more often than tools. */
const resourcesTtlMs = 60_000;
const nameMax = 100;

/**
 * Makes MCP servers that speak for one caller. One is made per HTTP request and per stdio connection, so making one is
 * cheap: everything derived from the catalog is made once here. It translates and never decides; the gate does.
 */
export class FleetServer {
  private readonly known: ReadonlyMap<string, { tool: Tool; definition: ToolDefinition }>;
  readonly resources: FleetResources;

  /** @param canPush whether changes can be told to clients of an era; only then is it said that they can subscribe */
  constructor(
    private readonly runner: ToolRunner,
    private readonly canPush: (era: ProtocolEra) => boolean = () => false,
  ) {
    this.known = new Map(runner.catalog.map((tool) => [tool.name, { tool, definition: toolDefinition(tool) }]));
    this.resources = new FleetResources(runner);
  }

  /** Arguments that a call of this tool mirrors into headers. */
  mirroredArguments(toolName: string): readonly MirroredArgument[] {
    return this.known.get(toolName)?.definition.mirrored ?? [];
  }

  create(caller: Caller, era: ProtocolEra): Server {
    const server = new Server(serverInfo, {
      capabilities: { tools: {}, resources: this.canPush(era) ? { subscribe: true, listChanged: true } : {} },
      instructions,
      cacheHints: {
        // What is listed depends on the caller; what the server is does not.
        'tools/list': { ttlMs: listTtlMs, cacheScope: 'private' },
        'resources/list': { ttlMs: resourcesTtlMs, cacheScope: 'private' },
        'resources/templates/list': { ttlMs: listTtlMs, cacheScope: 'private' },
        // Old as soon as it is told: whoever wants to know again asks again, or subscribes.
        'resources/read': { ttlMs: 0, cacheScope: 'private' },
        'server/discover': { ttlMs: listTtlMs, cacheScope: 'public' },
      },
    });
    server.setRequestHandler('tools/list', ({ params }) => {
      if (params?.cursor !== undefined) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid cursor: the list of tools has one page.');
      }
      const listed = this.runner.listTools(caller).map(({ name }) => this.known.get(name)?.definition.listed);
      return { tools: listed.filter((tool) => tool !== undefined) };
    });
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      // A tool that is not listed for this caller goes to the gate too: its refusal says why, as it does over REST.
      const tool = this.known.get(params.name)?.tool;
      if (!tool) throw this.unknownTool(caller, params.name);
      const { signal } = context.mcpReq;
      const progress = progressReporter(context);
      const result = await this.runner.run(tool, {
        caller,
        input: params.arguments,
        transport: 'mcp',
        signal,
        progress,
      });
      return toCallToolResult(result, era);
    });
    this.serveResources(server, caller);
    return server;
  }

  private serveResources(server: Server, caller: Caller): void {
    const { resources } = this;
    server.setRequestHandler('resources/list', ({ params }, { mcpReq }) =>
      resources.list(caller, params?.cursor, mcpReq.signal),
    );
    server.setRequestHandler('resources/templates/list', ({ params }) => resources.templates(caller, params?.cursor));
    server.setRequestHandler('resources/read', ({ params }, { mcpReq }) =>
      resources.read(caller, params.uri, mcpReq.signal),
    );
  }

  private unknownTool(caller: Caller, name: string): ProtocolError {
    const visible = this.runner.listTools(caller).map((tool) => tool.name);
    const asked = name.length > nameMax ? `${name.slice(0, nameMax)}…` : name;
    const likely = name.length > nameMax ? [] : suggest(name, visible);
    return new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${asked}.${didYouMean(likely)}`);
  }
}

/**
 * An error's structured content is the problem, but only in the modern era: clients of the legacy one hold it against
 * the tool's output schema and throw instead of showing it to the model. The text is the same JSON in both.
 */
function toCallToolResult(result: ToolResult, era: ProtocolEra): CallToolResult {
  if (result.ok) return { content: [{ type: 'text', text: result.json }], structuredContent: result.output };
  const { problem } = result;
  return {
    content: [{ type: 'text', text: JSON.stringify(problem) }],
    ...(era === 'modern' ? { structuredContent: { ...problem } } : {}),
    isError: true,
  };
}

/** Notifications for a request that asked for them; steps that do not move forward are not sent, as MCP demands. */
function progressReporter({ mcpReq }: ServerContext): ReportProgress | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = Number.NEGATIVE_INFINITY;
  return (step) => {
    if (!(step.progress > last)) return;
    last = step.progress;
    // A client that has gone is noticed by the signal; a lost notification is no failure of the call.
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...step } }).catch(() => undefined);
  };
}
