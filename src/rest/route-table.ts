import { distance } from 'fastest-levenshtein';
import { apiPrefix } from './tool-route.js';

interface KnownRoute {
  method: string;
  url: string;
  segments: readonly string[];
}

/** Edits that a suggestion may be away: two, or this share of a longer path. */
const editsMin = 2;
const editsShare = 1 / 3;
/** Longer paths are not compared: the cost grows with the square of the length. */
const pathMax = 300;

/** The routes of this server, to say what a path that led nowhere could have been. Not used to serve requests. */
export class RouteTable {
  private readonly routes: KnownRoute[] = [];

  add(method: string, url: string): void {
    this.routes.push({ method, url, segments: url.split('/') });
  }

  /** Methods that the path answers to, sorted, `OPTIONS` included; empty if no route has this path. */
  methodsOf(path: string): string[] {
    const segments = path.split('/');
    const methods = this.routes.filter((route) => matches(route.segments, segments)).map(({ method }) => method);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  }

  /** The route most like the path, as `GET /api/v1/applications/{application}`; parameters are like anything. */
  closest(method: string, path: string): string | undefined {
    if (path.length > pathMax) return undefined;
    const segments = path.split('/');
    const prefixed = [...apiPrefix.split('/'), ...segments.slice(1)];
    let best: { route: KnownRoute; cost: number } | undefined;
    for (const route of this.routes) {
      if (route.method === 'HEAD') continue;
      // Whoever leaves the prefix out means one of its routes.
      const way = Math.min(costOf(route.segments, segments), 1 + costOf(route.segments, prefixed));
      const cost = way + (route.method === method ? 0 : 0.5);
      if (!best || cost < best.cost) best = { route, cost };
    }
    if (!best || best.cost > Math.max(editsMin, path.length * editsShare)) return undefined;
    return `${best.route.method} ${best.route.url.replace(/:([^/]+)/g, '{$1}')}`;
  }
}

const isParameter = (segment: string): boolean => segment.startsWith(':');

function matches(route: readonly string[], path: readonly string[]): boolean {
  return (
    route.length === path.length &&
    route.every((segment, index) => (isParameter(segment) ? path[index] !== '' : segment === path[index]))
  );
}

/** Edits that lead from the path to the route, segment by segment; a missing or surplus segment costs its length. */
function costOf(route: readonly string[], path: readonly string[]): number {
  let cost = 0;
  for (let index = 0; index < Math.max(route.length, path.length); index++) {
    const [wanted, given] = [route[index], path[index]];
    if (wanted === undefined) cost += (given?.length ?? 0) + 1;
    else if (given === undefined) cost += wanted.length + 1;
    else if (!isParameter(wanted) || given === '') cost += distance(wanted, given);
  }
  return cost;
}
