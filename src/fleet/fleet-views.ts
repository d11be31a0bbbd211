import type { DetailCache } from '../cache/detail-cache.js';
import { ComparisonMemory } from './answers/compare-application.js';
import { Removals } from './answers/removals.js';
import type { Fleet } from './fleet.js';
import { FleetView, type FleetMemory } from './fleet-view.js';
import type { Scope } from './scope.js';

/** Makes the views of callers, and holds what all of them remember of earlier answers. */
export class FleetViews {
  private readonly memory: FleetMemory;

  constructor(
    private readonly fleet: Fleet,
    details: DetailCache,
  ) {
    this.memory = { details, removals: new Removals(fleet.index), comparisons: new ComparisonMemory() };
  }

  /** Cheap: one per call. */
  of(scope: Scope): FleetView {
    return new FleetView(this.fleet, scope, this.memory);
  }
}
