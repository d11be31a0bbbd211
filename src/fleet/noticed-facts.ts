import type { InstanceFacts } from './cluster.js';

/** Facts of an instance, none known yet, that tell when one becomes another. */
export function noticedFacts(onChange: () => void): InstanceFacts {
  const known: InstanceFacts = {};
  const noticed = (field: keyof InstanceFacts): PropertyDescriptor => ({
    enumerable: true,
    get: () => known[field],
    set: (value: string | undefined) => {
      if (known[field] === value) return;
      known[field] = value;
      onChange();
    },
  });
  return Object.defineProperties({}, { version: noticed('version'), uiUrl: noticed('uiUrl') });
}
