import type { Route } from './call.js';

export type Match = { route: Route; params: Record<string, string> } | 'not found' | 'method not allowed';

/** Finds routes as grpc-gateway does: on the decoded path, cut at slashes. `:name` takes one segment, `*name` the rest. */
export class Router {
  private readonly routes: { route: Route; segments: string[] }[];

  constructor(routes: readonly Route[]) {
    this.routes = routes.map((route) => ({ route, segments: route.pattern.split('/').slice(1) }));
  }

  find(method: string, path: string): Match {
    const given = path.split('/').slice(1);
    let isKnownPath = false;
    for (const { route, segments } of this.routes) {
      const params = fit(segments, given);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      isKnownPath = true;
    }
    return isKnownPath ? 'method not allowed' : 'not found';
  }
}

function fit(segments: string[], given: string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.startsWith('*')) {
      params[segment.slice(1)] = given.slice(index).join('/');
      return params;
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith(':')) {
      if (value === '') return undefined;
      params[segment.slice(1)] = value;
    } else if (segment !== value) return undefined;
  }
  return given.length === segments.length ? params : undefined;
}
