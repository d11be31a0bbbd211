import type { ApplicationState } from './application.js';
import type { Ailment } from './birth.js';
import { birth } from './birth.js';
import { stampOf } from './clock.js';
import type { FleetEntry } from './fleet-names.js';
import { FLEET, VARIANTS } from './fleet-names.js';
import type { Instance } from './instance.js';
import type { ProjectSpec } from './projects.js';
import { OPEN_PROJECT } from './projects.js';
import { hashNumber, seededRandom, uuidOf } from './seeded.js';
import { CONTROL_PLANE_NAMESPACE } from './wire.js';

/** In the order of dealing; about every seventh application gets one. */
const AILMENTS: readonly Ailment[] = [
  'out-of-sync',
  'degraded',
  'stuck',
  'missing',
  'comparison-error',
  'failed-sync',
  'suspended',
  'drifted',
  'needs-prune',
  'out-of-sync',
];
const AILING_SHARE = 0.15;

const PAYMENTS: ProjectSpec = {
  ...OPEN_PROJECT,
  roles: [{ name: 'ci', policies: ['p, proj:payments:ci, applications, *, payments/*, allow'] }],
  // Closed for ever, for an application that tests may create there under this name.
  syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['frozen'] }],
};

/** Projects that allow everything; `payments` has the role `ci` and a window that keeps `frozen` from syncing. */
export function seedProjects(instance: Instance, names: readonly string[]): void {
  for (const name of names) {
    const at = { resourceVersion: instance.store.nextResourceVersion(), stamp: instance.clock.stamp() };
    instance.projects.put(name, name === 'payments' ? PAYMENTS : OPEN_PROJECT, at);
  }
}

/** Adds `count` applications of the fleet, after those that are there. Names depend on the seed and the place alone. */
export function seedFleet(instance: Instance, count: number): string[] {
  seedProjects(
    instance,
    [...new Set(['default', 'payments', 'platform', ...FLEET.map((entry) => entry.project)])].filter(
      (name) => !instance.projects.get(name),
    ),
  );
  const ailments = dealAilments(instance.options.seed, count);
  const offset = instance.store.size;
  const names: string[] = [];
  for (let place = 0, index = 0; place < count; index += 1) {
    const { entry, name } = nameAt(instance.options.seed, offset + index);
    if (instance.store.get(CONTROL_PLANE_NAMESPACE, name)) continue;
    // The RollingSync applications are fine, so that a test that looks for an ailing one does not meet two surprises at once.
    const ailment = entry.name === 'edge-proxy' ? undefined : ailments.get(place);
    const reconciled = stampOf(
      new Date(
        instance.clock.now().getTime() -
          (hashNumber(name) % Math.max(1, Math.min(instance.options.reconcileMs, 120_000))),
      ),
    );
    const bornAt = instance.clock.now();
    instance.store.seed(
      {
        namespace: CONTROL_PLANE_NAMESPACE,
        name,
        uid: uuidOf(`${instance.options.seed}/${name}`),
        born: remembered(() => birth(instance, entry, name, ailment, bornAt)),
      },
      reconciled,
    );
    names.push(name);
    place += 1;
  }
  return names;
}

/** Built again whenever nobody holds it any more: a thousand idle applications cost next to nothing. */
function remembered(build: () => ApplicationState): () => ApplicationState {
  let held: WeakRef<ApplicationState> | undefined;
  return () => {
    let state = held?.deref();
    if (state === undefined) {
      state = build();
      held = new WeakRef(state);
    }
    return state;
  };
}

function nameAt(seed: number, index: number): { entry: FleetEntry; name: string } {
  const round = Math.floor(index / FLEET.length);
  // The same entries in every fleet, begun at another place for another seed.
  const entry = FLEET[(index + (seed % 7)) % FLEET.length]!;
  const variant = VARIANTS[round % VARIANTS.length]!;
  const lap = Math.floor(round / VARIANTS.length);
  return { entry, name: [entry.name, variant, lap > 0 ? String(lap + 1) : ''].filter((part) => part !== '').join('-') };
}

function dealAilments(seed: number, count: number): Map<number, Ailment> {
  const random = seededRandom(seed + 31);
  const places = Array.from({ length: count }, (_, place) => place);
  for (let index = places.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [places[index], places[other]] = [places[other]!, places[index]!];
  }
  const ailing = places.slice(0, Math.round(count * AILING_SHARE));
  return new Map(ailing.map((place, index) => [place, AILMENTS[(index + seed - 1) % AILMENTS.length]!]));
}
