import type { ApplicationRow } from '../../src/cache/row.js';

/** A row that is fine, with what a test changes about it. */
export function aRow(change: Partial<ApplicationRow> = {}): ApplicationRow {
  return {
    cluster: 'eu',
    namespace: 'argocd',
    name: 'cart',
    uid: 'u1',
    resourceVersion: '10',
    project: 'default',
    labels: {},
    health: 'Healthy',
    sync: 'Synced',
    revisions: [],
    operating: false,
    conditions: [],
    destination: {},
    sources: [],
    autoSync: false,
    images: [],
    ...change,
  };
}
