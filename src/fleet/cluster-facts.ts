/** What is known of an instance beside its applications; read at every connection. */
export interface ClusterFacts {
  /** For example `v3.6.0+37ee009`. */
  version?: string;
  /** Address of Argo CD's own web page, from its settings. */
  uiUrl?: string;
}

/** Facts of an instance, none known yet, that tell when one becomes another. */
export function noticedFacts(onChange: () => void): ClusterFacts {
  const known: ClusterFacts = {};
  const noticed = (field: keyof ClusterFacts): PropertyDescriptor => ({
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
