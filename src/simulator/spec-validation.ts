import type { ApplicationSpec } from './application.js';
import { isMultiSource, sourcesOf } from './application.js';
import type { Call } from './call.js';
import { boolParam, repoServer } from './call.js';
import { GrpcError, notAllowedInProject } from './grpc-error.js';
import { RepositoryError } from './repositories.js';

export const APPLICATION_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What the API server checks before it takes a spec; needs the repo server. `validate=false` leaves it out. */
export async function validateSpec(call: Call, name: string, spec: ApplicationSpec): Promise<void> {
  const refuse = (why: string): GrpcError =>
    new GrpcError(3, `application spec for ${name} is invalid: InvalidSpecError: ${why}`);
  if (!call.instance.projects.get(spec.project)) throw notAllowedInProject(spec.project);
  if (!boolParam(call.query, 'validate', true)) return;
  await repoServer(call);
  const sources = sourcesOf(spec);
  if (
    sources.length === 0 ||
    sources.some(
      (source) =>
        !source.repoURL || (source.path === undefined && source.chart === undefined && source.ref === undefined),
    )
  ) {
    throw refuse('spec.source.repoURL and either spec.source.path, spec.source.chart, or spec.source.ref are required');
  }
  for (const source of sources) {
    try {
      call.instance.repositories.render(source, call.instance.repositories.resolve(source), {
        application: name,
        namespace: spec.destination.namespace ?? '',
      });
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      throw refuse(
        `Unable to generate manifests in ${source.path ?? source.chart ?? (isMultiSource(spec) ? source.ref : '')}: rpc error: code = ${error.grpcCode} desc = ${error.message}`,
      );
    }
  }
}

/** Kubernetes' refusal of a name. */
export function invalidName(name: string): GrpcError {
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  if (name === '')
    return new GrpcError(
      3,
      'error creating application: Application.argoproj.io "" is invalid: metadata.name: Required value: name or generateName is required',
    );
  return new GrpcError(
    3,
    `error creating application: Application.argoproj.io "${name}" is invalid: metadata.name: Invalid value: "${name}": ${rule}`,
  );
}
