import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ReadResourceResult,
} from '@modelcontextprotocol/server';
import type { Caller } from '../auth/caller.js';
import type { Problem } from '../errors/problem.js';
import type { ToolResult, ToolRunner } from '../tools/tool-runner.js';
import {
  clusterUri,
  readAddress,
  statusUri,
  toolOfKind,
  uriTemplates,
  type ResourceAddress,
} from './resource-address.js';

type Kind = ResourceAddress['kind'];

const mimeType = 'application/json';
const clustersPerPage = 100;
/** JSON-RPC's code for errors that a server defines. */
const serverError = -32000;

const statusResource = { uri: statusUri, name: 'status', description: 'What is broken, everywhere', mimeType };
const templates: readonly { kind: Kind; name: string; uriTemplate: string; description: string }[] = [
  { kind: 'cluster', name: 'cluster', uriTemplate: uriTemplates.cluster, description: 'One cluster' },
  { kind: 'application', name: 'application', uriTemplate: uriTemplates.application, description: 'One application' },
  { kind: 'job', name: 'job', uriTemplate: uriTemplates.job, description: 'One job' },
];

/**
 * The fleet as MCP resources. Each is what one call of a tool answers, and goes through the gate as that call does: the
 * same rights, deadline, budget, log line and metric. Nothing is known here that the gate did not say.
 */
export class FleetResources {
  constructor(private readonly runner: Pick<ToolRunner, 'catalog' | 'findTool' | 'run'>) {}

  /** The status and the clusters that the caller sees; applications are too many to be listed. */
  async list(caller: Caller, cursor: string | undefined, signal: AbortSignal): Promise<ListResourcesResult> {
    const first = cursor === undefined && this.has(caller, 'status') ? [statusResource] : [];
    if (!this.has(caller, 'cluster')) {
      if (cursor !== undefined) throw invalid('Invalid cursor: this list has one page.');
      return { resources: first };
    }
    const input = { limit: clustersPerPage, ...(cursor === undefined ? {} : { cursor }) };
    const result = await this.call(toolOfKind.cluster, input, caller, signal);
    if (!result?.ok) throw failure(result?.problem);
    const { clusters, nextCursor } = result.output as { clusters: { cluster: string }[]; nextCursor?: string };
    const resources = clusters.map(({ cluster }) => ({ uri: clusterUri(cluster), name: cluster, mimeType }));
    return { resources: [...first, ...resources], ...(nextCursor === undefined ? {} : { nextCursor }) };
  }

  templates(caller: Caller, cursor: string | undefined): ListResourceTemplatesResult {
    if (cursor !== undefined) throw invalid('Invalid cursor: this list has one page.');
    const resourceTemplates = templates
      .filter(({ kind }) => this.has(caller, kind))
      .map(({ kind: _, ...template }) => ({ ...template, mimeType }));
    return { resourceTemplates };
  }

  /** What does not exist and what the caller may not see are not found alike, in the words of the tool. */
  async read(caller: Caller, uri: string, signal: AbortSignal): Promise<ReadResourceResult> {
    const { tool, input, kind } = readAddress(uri);
    const result = await this.call(tool, input, caller, signal);
    if (!result || (!result.ok && isNotFound(result.problem))) {
      throw new ResourceNotFoundError(uri, `Resource not found: ${result?.problem.detail ?? uri}`);
    }
    if (!result.ok) throw failure(result.problem);
    return { contents: [{ uri, mimeType, text: kind === 'cluster' ? onlyCluster(result.output) : result.json }] };
  }

  private has(caller: Caller, kind: Kind): boolean {
    return this.runner.findTool(caller, toolOfKind[kind]) !== undefined;
  }

  /** A tool that the caller may not call is called all the same: the gate's refusal says why, and is recorded. */
  private async call(
    name: string,
    input: Readonly<Record<string, unknown>>,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<ToolResult | undefined> {
    const tool = this.runner.catalog.find((each) => each.name === name);
    return tool && this.runner.run(tool, { caller, input, transport: 'mcp', signal });
  }
}

const onlyCluster = (output: Record<string, unknown>): string =>
  JSON.stringify((output as { clusters: unknown[] }).clusters[0]);

const isNotFound = ({ code }: Problem): boolean => code === 'not_found' || code === 'unknown_cluster';

const invalid = (message: string): ProtocolError => new ProtocolError(ProtocolErrorCode.InvalidParams, message);

/** An error of the protocol with the whole problem in it, as tools and REST show it. */
function failure(problem: Problem | undefined): ProtocolError {
  if (!problem) return new ProtocolError(ProtocolErrorCode.InternalError, 'This list is not served here.');
  const { code, detail, hint } = problem;
  const known: Partial<Record<typeof code, number>> = {
    invalid_input: ProtocolErrorCode.InvalidParams,
    internal: ProtocolErrorCode.InternalError,
  };
  return new ProtocolError(known[code] ?? serverError, `${detail} ${hint}`, { ...problem });
}
