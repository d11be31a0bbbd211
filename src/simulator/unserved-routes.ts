import type { Route } from './call.js';
import { GrpcError } from './grpc-error.js';
import type { VersionProfile } from './version.js';

const ONE = '/api/v1/applications/:name';

/** What a real Argo CD has and this stand-in has not. Each answers 501; paths that a release lacks are not in its list. */
const UNSERVED: { paths: string; since?: (profile: VersionProfile) => boolean }[] = [
  {
    paths: `GET ${ONE}/pods/:pod/logs, GET ${ONE}/logs, GET ${ONE}/resource, POST ${ONE}/resource, DELETE ${ONE}/resource`,
  },
  {
    paths: `GET ${ONE}/resource/actions, POST ${ONE}/resource/actions, GET ${ONE}/resource/links, POST /api/v1/applications/manifestsWithFiles`,
  },
  { paths: `POST ${ONE}/resource/actions/v2`, since: (profile) => profile.hasActionsV2 },
  { paths: `GET ${ONE}/server-side-diff`, since: (profile) => profile.hasServerSideDiff },
  { paths: `GET ${ONE}/revisions/:revision/ocimetadata`, since: (profile) => profile.hasOciMetadata },
  {
    paths:
      'GET /api/v1/applicationsets, POST /api/v1/applicationsets, GET /api/v1/applicationsets/:name, DELETE /api/v1/applicationsets/:name',
  },
  { paths: 'POST /api/v1/applicationsets/generate, GET /api/v1/applicationsets/:name/resource-tree' },
  {
    paths: 'GET /api/v1/applicationsets/:name/events, GET /api/v1/stream/applicationsets',
    since: (profile) => profile.hasApplicationSetStreams,
  },
  {
    paths:
      'GET /api/v1/clusters, POST /api/v1/clusters, GET /api/v1/clusters/:id, PUT /api/v1/clusters/:id, DELETE /api/v1/clusters/:id',
  },
  { paths: 'POST /api/v1/clusters/:id/rotate-auth, POST /api/v1/clusters/:id/invalidate-cache' },
  {
    paths:
      'GET /api/v1/repositories, POST /api/v1/repositories, GET /api/v1/repositories/:repo, PUT /api/v1/repositories/:repo, DELETE /api/v1/repositories/:repo',
  },
  {
    paths:
      'GET /api/v1/repositories/:repo/apps, GET /api/v1/repositories/:repo/helmcharts, GET /api/v1/repositories/:repo/refs, POST /api/v1/repositories/:repo/validate, POST /api/v1/repositories/:repo/appdetails',
  },
  {
    paths: 'GET /api/v1/repocreds, POST /api/v1/repocreds, GET /api/v1/write-repositories, GET /api/v1/write-repocreds',
  },
  {
    paths:
      'GET /api/v1/certificates, POST /api/v1/certificates, DELETE /api/v1/certificates, GET /api/v1/gpgkeys, POST /api/v1/gpgkeys, DELETE /api/v1/gpgkeys, GET /api/v1/gpgkeys/:key',
  },
  {
    paths:
      'GET /api/v1/notifications/services, GET /api/v1/notifications/templates, GET /api/v1/notifications/triggers, GET /api/v1/settings/plugins',
  },
  {
    paths:
      'GET /api/v1/account/:name, PUT /api/v1/account/password, POST /api/v1/account/:name/token, DELETE /api/v1/account/:name/token/:id',
  },
  {
    paths:
      'GET /api/v1/projects/:name/events, GET /api/v1/projects/:name/globalprojects, GET /api/v1/projects/:name/links',
  },
  {
    paths: 'GET /api/badge',
  },
  {
    paths: 'POST /api/v1/projects/:project/roles/:role/token, DELETE /api/v1/projects/:project/roles/:role/token/:iat',
  },
];

/** Open to everybody, unlike everything else here. */
const BADGE = '/api/badge';

export function unservedRoutes(profile: VersionProfile): Route[] {
  return UNSERVED.filter(({ since }) => since === undefined || since(profile)).flatMap(({ paths }) =>
    paths.split(', ').map((line) => {
      const [method = '', pattern = ''] = line.split(' ');
      return {
        method,
        pattern,
        ...(pattern.startsWith('/api/v1/stream/') || pattern.endsWith('/logs') ? { kind: 'stream' as const } : {}),
        isBodyIgnored: true,
        handle: (call) => {
          if (pattern !== BADGE) call.caller();
          throw new GrpcError(12, `${line} is not served by the simulator`);
        },
      };
    }),
  );
}
