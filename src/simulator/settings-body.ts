import type { Instance } from './instance.js';

const NONE = 'jqPathExpressions: null\njsonPointers: null\nmanagedFieldsManagers: null\n';
const STATUS = 'jqPathExpressions: null\njsonPointers:\n- /status\nmanagedFieldsManagers: null\n';

/** What `GET /api/v1/settings` gives; somebody who is logged in gets a little more. */
export function settingsBody(instance: Instance, isLoggedIn: boolean): Record<string, unknown> {
  const { profile } = instance;
  return {
    url: 'https://argocd.example.com',
    appLabelKey: 'app.kubernetes.io/instance',
    ...(isLoggedIn || profile.hasAnonymousOverrides
      ? { resourceOverrides: overrides(profile.hasTrackingMethod, profile.hasHydrateAnnotations) }
      : {}),
    googleAnalytics: { anonymizeUsers: true },
    kustomizeOptions: {
      BuildOptions: '',
      BinaryPath: '',
      ...(profile.hasSyncWithReplaceSetting ? { Versions: null } : {}),
    },
    help: {},
    ...(isLoggedIn ? { passwordPattern: '^.{8,32}$' } : {}),
    ...(profile.hasTrackingMethod ? { trackingMethod: 'annotation' } : {}),
    ...(isLoggedIn ? { controllerNamespace: 'argocd' } : {}),
    ...(isLoggedIn && instance.extraNamespaces.size > 0 ? { appsInAnyNamespaceEnabled: true } : {}),
    ...(profile.hasSyncWithReplaceSetting ? { syncWithReplaceAllowed: true, resourceViewEnabled: true } : {}),
  };
}

function overrides(isThree: boolean, hasTimestamps: boolean): Record<string, unknown> {
  if (!isThree) {
    const crd =
      'jqPathExpressions: null\njsonPointers:\n- /status\n- /spec/preserveUnknownFields\nmanagedFieldsManagers: null\n';
    return { 'apiextensions.k8s.io/CustomResourceDefinition': { ignoreDifferences: crd, ignoreResourceUpdates: NONE } };
  }
  const updates = (pointers: string): string =>
    `jqPathExpressions: null\njsonPointers:\n${pointers}managedFieldsManagers: null\n`;
  const expressions = (paths: string[]): string =>
    `jqPathExpressions:\n${paths.map((path) => `- ${path}\n`).join('')}jsonPointers: null\nmanagedFieldsManagers: null\n`;
  const ignore = (ignoreResourceUpdates: string): unknown => ({ ignoreDifferences: NONE, ignoreResourceUpdates });
  return {
    '*/*': { ignoreDifferences: STATUS, ignoreResourceUpdates: STATUS },
    ConfigMap: ignore(
      expressions([
        '.metadata.annotations."cluster-autoscaler.kubernetes.io/last-updated"',
        '.metadata.annotations."control-plane.alpha.kubernetes.io/leader"',
      ]),
    ),
    Endpoints: ignore(updates('- /metadata\n- /subsets\n')),
    'apps/ReplicaSet': ignore(
      expressions([
        '.metadata.annotations."deployment.kubernetes.io/desired-replicas"',
        '.metadata.annotations."deployment.kubernetes.io/max-replicas"',
        '.metadata.annotations."rollout.argoproj.io/desired-replicas"',
      ]),
    ),
    'argoproj.io/Application': ignore(
      expressions([
        '.metadata.annotations."notified.notifications.argoproj.io"',
        '.metadata.annotations."argocd.argoproj.io/refresh"',
        ...(hasTimestamps ? ['.metadata.annotations."argocd.argoproj.io/refresh-timestamp"'] : []),
        '.metadata.annotations."argocd.argoproj.io/hydrate"',
        ...(hasTimestamps ? ['.metadata.annotations."argocd.argoproj.io/hydrate-timestamp"'] : []),
        '.operation',
      ]),
    ),
    'argoproj.io/Rollout': ignore(expressions(['.metadata.annotations."notified.notifications.argoproj.io"'])),
    'autoscaling/HorizontalPodAutoscaler': ignore(
      expressions(
        ['behavior', 'conditions', 'metrics', 'current-metrics'].map(
          (name) => `.metadata.annotations."autoscaling.alpha.kubernetes.io/${name}"`,
        ),
      ),
    ),
    'discovery.k8s.io/EndpointSlice': ignore(updates('- /metadata\n- /endpoints\n- /ports\n')),
  };
}
