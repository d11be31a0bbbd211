/** What clusters, labels and selectors may look like. One place, because selectors are only unambiguous while names obey this. */

/** A cluster's name: as DNS allows it, so that no character of the selector language (`, = ! * ?`) can stand in one. */
export const clusterNamePattern = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/;

export const labelKeyPattern = /^[A-Za-z0-9]([-A-Za-z0-9_./]{0,61}[A-Za-z0-9])?$/;

export const labelValuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** A name or a glob inside a selector. Wider than cluster names, so that a mistyped name is unknown, not malformed. */
export const selectorGlobPattern = /^[A-Za-z0-9*?]([-A-Za-z0-9_.*?]{0,251}[A-Za-z0-9_*?])?$/;

/** `key=value` or `key!=value` inside a selector. */
const inner = (pattern: RegExp): string => pattern.source.slice(1, -1);
const selectorTerm = `!?${inner(selectorGlobPattern)}|!?${inner(labelKeyPattern)}=${inner(labelValuePattern)}|${inner(labelKeyPattern)}!=${inner(labelValuePattern)}`;

/** The whole selector language as one pattern, for the schema of the configuration file. */
export const selectorPattern = new RegExp(`^ *(${selectorTerm}) *(, *(${selectorTerm}) *)*$`);

export const selectorLengthMax = 1000;
export const selectorTermsMax = 100;
