import type { DetailCache } from '../cache/detail-cache.js';
import type { Fleet } from './fleet.js';
import { FleetView } from './fleet-view.js';
import type { Scope } from './scope.js';

/** Makes the views of callers, and holds what all of them remember of earlier answers. */
export class FleetViews {
  constructor(
    private readonly fleet: Fleet,
    private readonly details: DetailCache,
  ) {}

  /** Cheap: one per call. */
  of(scope: Scope): FleetView {
    return new FleetView(this.fleet, scope, this.details);
  }
}
