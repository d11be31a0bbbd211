/** A service or add-on of the made-up company whose fleet the simulator shows. */
export interface FleetEntry {
  name: string;
  project: string;
  team: string;
  tier: 'frontend' | 'backend' | 'data' | 'platform';
  /** Directory archetype, or the Helm chart that it is. */
  from: 'services' | 'stateful' | 'jobs' | { repoURL: string; chart: string; version: string };
}

/** Applications whose manifests Argo CD hydrates into a branch of their own. */
export const HYDRATED: ReadonlySet<string> = new Set(['feature-flags']);

const services = (project: string, team: string, tier: FleetEntry['tier'], names: string): FleetEntry[] =>
  names.split(' ').map((name) => ({
    name,
    project,
    team,
    tier,
    from: /(-db|-cache|queue|kafka|redis|postgres|mongo|opensearch)$/.test(name)
      ? 'stateful'
      : /(-job|-export|-cleanup|-report|reconciliation)$/.test(name)
        ? 'jobs'
        : 'services',
  }));

const charts = (repoURL: string, list: string): FleetEntry[] =>
  list.split(' ').map((item) => {
    const [name = '', version = '1.0.0'] = item.split('@');
    return { name, project: 'platform', team: 'platform', tier: 'platform', from: { repoURL, chart: name, version } };
  });

/** In the order in which an instance gets them: the first few already show several projects and kinds. */
export const FLEET: readonly FleetEntry[] = interleave([
  services(
    'storefront',
    'web',
    'frontend',
    'checkout cart catalog search product-page recommendations storefront wishlist reviews promotions gift-cards loyalty store-locator cart-db search-opensearch sitemap-export',
  ),
  services(
    'payments',
    'payments',
    'backend',
    'payments-api payments-worker ledger invoicing fraud-detection payment-gateway refunds payouts tax-calculator payments-db payments-queue ledger-reconciliation',
  ),
  [
    ...charts('https://charts.jetstack.io', 'cert-manager@1.18.2 trust-manager@0.18.0'),
    ...charts('https://kubernetes.github.io/ingress-nginx', 'ingress-nginx@4.13.3'),
    ...charts(
      'https://prometheus-community.github.io/helm-charts',
      'kube-prometheus-stack@77.9.1 prometheus-blackbox-exporter@11.3.1 prometheus-adapter@5.1.0',
    ),
    ...charts('https://grafana.github.io/helm-charts', 'loki@6.40.0 promtail@6.17.0 tempo@1.23.3'),
    ...charts('https://charts.external-secrets.io', 'external-secrets@0.19.2'),
    ...charts('https://kubernetes-sigs.github.io/external-dns', 'external-dns@1.18.0'),
    ...charts('https://kyverno.github.io/kyverno', 'kyverno@3.5.2'),
    ...charts('https://vmware-tanzu.github.io/helm-charts', 'velero@10.1.3'),
  ],
  services(
    'default',
    'core',
    'backend',
    'guestbook settings status-page feature-flags api-gateway session-store edge-proxy url-shortener audit-log-export mailer',
  ),
  services(
    'data',
    'data',
    'data',
    'events-kafka warehouse-loader clickstream metrics-db feature-store model-server daily-report data-quality stream-processor cdc-connector',
  ),
  services(
    'internal',
    'it',
    'backend',
    'backoffice hr-portal wiki support-desk identity notifications scheduler media-resizer document-store session-cleanup',
  ),
]);

/** Suffixes that make further applications of the same entries once the plain names are used up. */
export const VARIANTS = [
  '',
  'eu',
  'us',
  'canary',
  'staging',
  'ap',
  'sandbox',
  'blue',
  'green',
  'load',
  'preview',
  'dr',
];

function interleave(lists: FleetEntry[][]): FleetEntry[] {
  const mixed: FleetEntry[] = [];
  for (let index = 0; lists.some((list) => index < list.length); index += 1) {
    mixed.push(...lists.flatMap((list) => list[index] ?? []));
  }
  return mixed;
}
