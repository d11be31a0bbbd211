import type { Scene } from './scene.js';

const REPOSITORY = 'https://git.example.com/platform/apps';
const CREATES_NAMESPACE = { syncOptions: ['CreateNamespace=true'] };

interface Entry {
  name: string;
  path?: string;
  namespace: string;
  project?: string;
  labels?: Record<string, string>;
  more?: Record<string, unknown>;
  source?: Record<string, unknown>;
  ownerReferences?: unknown[];
  finalizers?: string[];
}

const source = (path: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  repoURL: REPOSITORY,
  path,
  targetRevision: 'main',
  ...more,
});
const WEB = { env: 'prod', team: 'web' };
const AUTOMATED = { syncPolicy: { automated: { prune: true, selfHeal: true }, ...CREATES_NAMESPACE } };
const multi = (second: string): Entry => ({
  name: 'multi',
  namespace: 'multi',
  more: { sources: [source('config'), source('kustom/overlays/prod', { targetRevision: second })] },
});

/** Applications that 3.6 had when its recording began, and two that came later. */
export const APPLICATIONS: readonly Entry[] = [
  { name: 'settings', path: 'config', namespace: 'web', labels: WEB },
  { name: 'guestbook', path: 'guestbook', namespace: 'shop', labels: WEB },
  { name: 'hooked', path: 'hooks', namespace: 'hooked', labels: WEB },
  { name: 'auto', path: 'config', namespace: 'auto', labels: WEB, more: AUTOMATED },
  { name: 'kustomized', path: 'kustom/overlays/prod', namespace: 'kz', labels: { team: 'core' } },
  {
    name: 'charted',
    path: 'chart',
    namespace: 'charted',
    labels: { team: 'core' },
    source: { helm: { parameters: [{ name: 'color', value: 'purple' }] } },
  },
  { name: 'crashing', path: 'crashing', namespace: 'crashing', project: 'payments' },
  { name: 'frozen', path: 'config', namespace: 'frozen', project: 'payments' },
  { name: 'broken', path: 'broken', namespace: 'broken' },
  multi('v1.0.0'),
  { name: 'no-namespace', path: 'missing-ns', namespace: 'nowhere', more: { syncPolicy: undefined } },
  { name: 'tagged', path: 'config', namespace: 'tagged', source: { targetRevision: 'v1.0.0' } },
];
/** Those of 3.6 with this name. */
export const named = (name: string): readonly Entry[] => APPLICATIONS.filter((entry) => entry.name === name);
export const LATER_APPLICATIONS: readonly Entry[] = [
  { name: 'waves', path: 'waves', namespace: 'waves' },
  { name: 'slow', path: 'slowhook', namespace: 'slow' },
];
/** Of 2.14 and 3.1, besides `settings`, whose creation is recorded. */
export const OLDER_APPLICATIONS: readonly Entry[] = [
  { name: 'guestbook', path: 'guestbook', namespace: 'shop' },
  { name: 'auto', path: 'config', namespace: 'auto', more: AUTOMATED },
  multi('main'),
  { name: 'slow', path: 'slowhook', namespace: 'slow' },
];
/** What an ApplicationSet made; the simulator keeps its owner reference though it has no ApplicationSets. */
export const OWNED: readonly Entry[] = ['dev', 'prod', 'staging'].map((env) => ({
  name: `fleet-${env}`,
  path: 'config',
  namespace: env,
  labels: { env },
  finalizers: ['resources-finalizer.argocd.argoproj.io'],
  ownerReferences: [
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      name: 'fleet',
      uid: '00000000-0000-4000-8000-000000000000',
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
}));

/** In project payments the application `frozen` may not be synced at any time. */
export async function freezePayments(scene: Scene): Promise<void> {
  const { metadata, spec } = await scene.call('GET', '/projects/payments');
  const syncWindows = [{ kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['frozen'] }];
  await scene.call('PUT', '/projects/payments', { project: { metadata, spec: { ...(spec as object), syncWindows } } });
}

export async function createApplications(scene: Scene, entries: readonly Entry[]): Promise<void> {
  for (const { name, path, namespace, project, labels, more, source: extra, ownerReferences, finalizers } of entries) {
    await scene.call('POST', '/applications', {
      metadata: { name, labels, ownerReferences, finalizers },
      spec: {
        project: project ?? 'default',
        ...(path ? { source: source(path, extra) } : {}),
        destination: { server: 'https://kubernetes.default.svc', namespace },
        syncPolicy: CREATES_NAMESPACE,
        ...more,
      },
    });
  }
}

/** A commit to the recorded repository's main branch, which `application` has noticed when this resolves. */
export async function commit(
  scene: Scene,
  application: string,
  change: Parameters<Scene['simulator']['commit']>[1],
): Promise<void> {
  scene.simulator.commit(REPOSITORY, change);
  await scene.call('GET', `/applications/${application}?refresh=normal`);
  await scene.quiet();
}
