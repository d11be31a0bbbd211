import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { clusterNamePattern } from '../config/names.js';

/** One thing of the fleet that has a URI. What it is called in events, and which call of which tool shows it. */
export interface ResourceAddress {
  kind: 'status' | 'cluster' | 'application' | 'job';
  tool: string;
  input: Readonly<Record<string, unknown>>;
  /** Under which name changes of it are told; the same for all spellings of one URI. */
  subject: string;
}

/** The longest name of a cluster, a namespace and an application fit, each letter written as `%61`. */
const lengthMax = 2_000;
const shownMax = 100;
const scheme = 'fleet://';

const kubernetesName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const jobIdPattern = /^[A-Za-z0-9][\w-]{0,99}$/;

/** The tool that a kind of resource mirrors: whoever may not call it has none of them. */
export const toolOfKind = {
  status: 'get_fleet_status',
  cluster: 'list_clusters',
  application: 'get_application',
  job: 'get_job',
} as const satisfies Record<ResourceAddress['kind'], string>;

export const statusUri = `${scheme}status`;
export const clusterUri = (cluster: string): string => `${scheme}clusters/${cluster}`;

/** What `resources/templates/list` shows; names of clusters, namespaces and applications need no encoding. */
export const uriTemplates = {
  cluster: `${scheme}clusters/{cluster}`,
  application: `${scheme}clusters/{cluster}/applications/{namespace}/{application}`,
  job: `${scheme}jobs/{jobId}`,
} as const;

export const subjects = {
  status: 'status',
  cluster: (cluster: string): string => `cluster ${cluster}`,
  application: (cluster: string, namespace: string, name: string): string =>
    `application ${cluster}/${namespace}/${name}`,
  job: (jobId: string): string => `job ${jobId}`,
};

/**
 * Takes a URI apart. Not with `URL`, which would make `..` go away: what is no name is refused, not repaired.
 *
 * Throws `InvalidParams` for everything that names no resource whatever the fleet holds.
 */
export function readAddress(uri: string): ResourceAddress {
  const parts = uri.length <= lengthMax && uri.startsWith(scheme) ? partsOf(uri.slice(scheme.length)) : undefined;
  const address = parts && addressOf(parts);
  if (address) return address;
  const shown = JSON.stringify(uri.length > shownMax ? `${uri.slice(0, shownMax)}…` : uri);
  const forms = [statusUri, ...Object.values(uriTemplates)].join(', ');
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `${shown} is no resource of this server. They are: ${forms}.`,
  );
}

function partsOf(path: string): string[] | undefined {
  try {
    return path.split('/').map((part) => decodeURIComponent(part));
  } catch {
    return undefined;
  }
}

function addressOf([first, ...rest]: string[]): ResourceAddress | undefined {
  if (first === 'status' && rest.length === 0) {
    return { kind: 'status', tool: toolOfKind.status, input: {}, subject: subjects.status };
  }
  if (first === 'jobs') return jobAddress(rest);
  return first === 'clusters' ? clusterAddress(rest) : undefined;
}

function jobAddress([jobId = '', ...rest]: string[]): ResourceAddress | undefined {
  if (!jobIdPattern.test(jobId) || rest.length > 0) return undefined;
  return { kind: 'job', tool: toolOfKind.job, input: { jobId }, subject: subjects.job(jobId) };
}

function clusterAddress([cluster = '', ...rest]: string[]): ResourceAddress | undefined {
  // The pattern keeps the language of selectors out: a URI names one cluster.
  if (!clusterNamePattern.test(cluster)) return undefined;
  if (rest.length === 0) {
    const input = { cluster, limit: 1 };
    return { kind: 'cluster', tool: toolOfKind.cluster, input, subject: subjects.cluster(cluster) };
  }
  const [word, namespace = '', application = '', ...more] = rest;
  const isApplication = word === 'applications' && kubernetesName.test(namespace) && kubernetesName.test(application);
  if (!isApplication || more.length > 0) return undefined;
  const input = { cluster, namespace, application };
  const subject = subjects.application(cluster, namespace, application);
  return { kind: 'application', tool: toolOfKind.application, input, subject };
}
