import type { Source } from './application.js';
import type { Manifest, RenderTarget } from './manifest.js';
import { manifest } from './manifest.js';
import { hashNumber } from './seeded.js';

type Render = (target: RenderTarget, source: Source) => Manifest[];

const PROXY = 'registry.example.com/proxy:2.1';
const INVALID_REPLICAS =
  'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32';

/** Paths that mean something in every repository. They hold what the repository of the recordings held. */
const KNOWN: Record<string, Render> = {
  config: (target) => [
    configMap('settings', target),
    manifest('Secret', 'db', target, { data: { password: 'c2VjcmV0' } }),
  ],
  guestbook: (target) => [
    service('guestbook', target),
    manifest(
      'Deployment',
      'guestbook',
      target,
      deploymentBody('guestbook', 2, ['registry.example.com/guestbook:1.0.0', PROXY]),
      {
        images: ['registry.example.com/guestbook:1.0.0', PROXY],
      },
    ),
  ],
  chart: (target, source) => {
    const color = source.helm?.parameters?.find((parameter) => parameter.name === 'color')?.value ?? target.color;
    return [
      manifest('ConfigMap', `${source.helm?.releaseName ?? target.application}-chart`, target, { data: { color } }),
    ];
  },
  'kustom/overlays/prod': (target) => [configMap('prod-settings', target)],
  'missing-ns': (target) => [configMap('settings', target)],
  waves: (target) =>
    [0, 1, 2].map((wave) => manifest('ConfigMap', `wave-${wave}`, target, { data: { color: target.color } }, { wave })),
  hooks: (target) => [service('hooked', target), hookJob('migrate', target, 400)],
  slowhook: (target) => [configMap('settings', target), hookJob('slow', target, 15_000)],
  broken: (target) => [
    manifest(
      'Deployment',
      'bad',
      target,
      { spec: { replicas: 'many', selector: { matchLabels: { app: 'bad' } } } },
      { applyError: INVALID_REPLICAS },
    ),
  ],
  crashing: (target) => [
    manifest(
      'Deployment',
      'crashing',
      target,
      deploymentBody('crashing', 2, ['registry.example.com/crashing:1.0.0', PROXY]),
      {
        images: ['registry.example.com/crashing:1.0.0', PROXY],
        settlesAt: {
          status: 'Progressing',
          message: 'Waiting for rollout to finish: 1 of 2 updated replicas are available...',
          isCrashing: true,
        },
      },
    ),
  ],
};
const ALIASES: Record<string, string> = { kustomize: 'kustom/overlays/prod', hooked: 'hooks', slow: 'slowhook' };

/** Whether a path is there. Every path is, except `nowhere`, so that an application of any repository can be tried. */
export function pathExists(path: string): boolean {
  return !/(^|\/)nowhere(\/|$)/.test(path);
}

/** What a source renders to. A path outside the known ones is a service named after it; a chart is an add-on. */
export function renderSource(source: Source, target: RenderTarget): Manifest[] {
  if (source.chart !== undefined) return addOn(source.helm?.releaseName ?? target.application, source, target);
  if (source.path === undefined) return [];
  const path = source.path.replace(/^\.?\/+|\/+$/g, '');
  const known = KNOWN[ALIASES[path] ?? path];
  return known ? known(target, source) : archetype(path, source, target);
}

export function sourceTypeOf(source: Source): string {
  if (source.chart !== undefined || source.helm !== undefined || /(^|\/)charts?(\/|$)/.test(source.path ?? ''))
    return 'Helm';
  if (source.kustomize !== undefined || /(^|\/)(kustom[a-z]*|overlays)(\/|$)/.test(source.path ?? ''))
    return 'Kustomize';
  return 'Directory';
}

function archetype(path: string, source: Source, target: RenderTarget): Manifest[] {
  const segments = path
    .split('/')
    .filter((part) => !/^(overlays|base|\.|prod|staging|dev|apps|deploy|manifests|charts?|k8s|kustomize)$/.test(part));
  const [first = 'app', last = first] = [segments[0], segments.at(-1)];
  const name =
    (last || target.application)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '') || target.application;
  const variety = hashNumber(path);
  const image = `registry.example.com/${name}:${1 + (variety % 3)}.${variety % 20}.${(variety >>> 5) % 10}`;
  const config = manifest('ConfigMap', `${name}-config`, target, {
    data: { color: target.color, values: String(source.helm?.valueFiles ?? '') },
  });
  const account = manifest('ServiceAccount', name, target, {});
  if (first === 'stateful') {
    return [
      account,
      config,
      manifest('Secret', `${name}-credentials`, target, { data: { password: 'c2VjcmV0' } }),
      service(name, target),
      manifest('StatefulSet', name, target, deploymentBody(name, 3, [image]), { images: [image] }),
    ];
  }
  if (first === 'jobs')
    return [
      account,
      config,
      manifest('CronJob', name, target, { spec: { schedule: '15 3 * * *', image } }, { images: [image] }),
    ];
  const items = [
    account,
    config,
    service(name, target),
    manifest('Deployment', name, target, deploymentBody(name, 1 + (variety % 4), [image]), { images: [image] }),
  ];
  if (variety % 2 === 0)
    items.push(manifest('HorizontalPodAutoscaler', name, target, { spec: { minReplicas: 2, maxReplicas: 10 } }));
  if (variety % 3 === 0)
    items.push(manifest('Ingress', name, target, { spec: { rules: [{ host: `${name}.example.com` }] } }));
  return items;
}

function addOn(release: string, source: Source, target: RenderTarget): Manifest[] {
  const image = `registry.example.com/charts/${source.chart}:${target.color}`;
  const workload = /ingress|exporter|fluent|csi|cilium|promtail|agent/.test(source.chart ?? '')
    ? 'DaemonSet'
    : 'Deployment';
  return [
    manifest('ServiceAccount', release, target, {}),
    manifest('ConfigMap', `${release}-config`, target, {
      data: { chart: `${source.chart}-${target.color}`, values: source.helm?.values ?? '' },
    }),
    manifest('ClusterRole', release, target, {
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
    }),
    manifest('ClusterRoleBinding', release, target, { roleRef: { kind: 'ClusterRole', name: release } }),
    service(release, target),
    manifest(workload, release, target, deploymentBody(release, 2, [image]), { images: [image] }),
  ];
}

function configMap(name: string, target: RenderTarget): Manifest {
  return manifest('ConfigMap', name, target, { data: { color: target.color } });
}

function service(name: string, target: RenderTarget): Manifest {
  return manifest('Service', name, target, { spec: { ports: [{ port: 80 }], selector: { app: name } } });
}

function hookJob(name: string, target: RenderTarget, hookMs: number): Manifest {
  const image = 'registry.example.com/migrate:1';
  return manifest(
    'Job',
    name,
    target,
    { spec: { template: { spec: { containers: [{ name: 'migrate', image }] } } } },
    { hook: 'PreSync', hookMs, images: [image] },
  );
}

function deploymentBody(name: string, replicas: number, images: string[]): Record<string, unknown> {
  const containers = images.map((image, index) =>
    index === 0 ? { image, name: 'web', ports: [{ containerPort: 80 }] } : { image, name: 'sidecar' },
  );
  return {
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers } },
    },
  };
}
