/**
 * Which folder of src may import which, and where each library is at home. Short on purpose: the rules for
 * dependency-cruiser are generated from these tables (`.dependency-cruiser.mjs`), docs/architecture.md explains them.
 */

/** Open to all. */
const ground = ['config', 'errors', 'telemetry'];

/** What a folder may import besides itself and the ground. `folder/file` opens one file of a folder only. */
export const layers = {
  errors: [],
  config: [],
  telemetry: [],
  argocd: [],
  cache: ['argocd'],
  fleet: ['argocd', 'cache'],
  jobs: ['fleet', 'argocd', 'cache/keys', 'cache/redis-connection', 'cache/change-log'],
  tools: ['fleet', 'jobs', 'argocd', 'auth/caller', 'auth/policy'],
  auth: ['tools', 'fleet'],
  rest: ['auth', 'tools', 'jobs/job-queue', 'cache/store', 'fleet/events'],
  mcp: ['auth', 'tools', 'fleet/events'],
  cli: ['mcp', 'rest', 'auth', 'tools', 'jobs', 'fleet', 'argocd', 'cache', 'simulator', 'server', 'server.module'],
  simulator: [],
};

/** Folders that get nothing from the ground either. */
const withoutGround = ['errors', 'simulator'];

/** The composition root: puts everything together, except what it must not know. */
const root = { files: ['server.ts', 'server.module.ts'], mayNot: ['simulator', 'cli'] };

/** Where a library is at home: a folder or a file of src. Tests may use any. */
export const homes = {
  '@modelcontextprotocol/': ['mcp'],
  bullmq: ['jobs'],
  ioredis: ['cache', 'jobs'],
  undici: ['argocd', 'auth', 'jobs/webhook'],
  commander: ['cli'],
  'prom-client': ['telemetry'],
};

/** Folders that know nothing of Nest. */
const nestFree = ['tools/catalog', 'argocd', 'errors', 'simulator'];

const escape = (text) => text.replace(/[.@/]/g, '\\$&');
const pathOf = (place) =>
  `^src/${escape(place)}${place.includes('/') || place.startsWith('server') ? '(/|\\.ts$)' : '/'}`;
const library = (name) => `(^|/)node_modules/${escape(name)}${name.endsWith('/') ? '' : '/'}`;
const specs = '\\.spec\\.ts$';

const folderRules = Object.entries(layers).map(([folder, others]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} may import only: ${[folder, ...(withoutGround.includes(folder) ? [] : ground), ...others].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: specs },
  to: {
    path: '^src/',
    pathNot: [folder, ...(withoutGround.includes(folder) ? [] : ground), ...others].map(pathOf),
  },
}));

const homeRules = Object.entries(homes).map(([name, places]) => ({
  name: `home-of-${name.replace(/[@/]+/g, '-').replace(/^-|-$/g, '')}`,
  comment: `${name} is at home in ${places.map((place) => `src/${place}`).join(' and ')}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: [...places.map(pathOf), specs] },
  to: { path: library(name) },
}));

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
export const rules = [
  ...folderRules,
  ...homeRules,
  {
    name: 'root',
    comment: `The composition root does not know ${root.mayNot.join(' and ')}.`,
    severity: 'error',
    from: { path: root.files.map((file) => `^src/${escape(file)}$`) },
    to: { path: root.mayNot.map(pathOf) },
  },
  {
    name: 'known-folder',
    comment: 'A folder under src has a row in scripts/layers.mjs, and only the composition root lies outside of one.',
    severity: 'error',
    from: {
      path: '^src/',
      pathNot: [
        ...Object.keys(layers).map((folder) => `^src/${folder}/`),
        ...root.files.map((f) => `^src/${escape(f)}$`),
      ],
    },
    to: {},
  },
  {
    name: 'no-nest',
    comment: `${nestFree.join(', ')} know nothing of Nest.`,
    severity: 'error',
    from: { path: nestFree.map((folder) => `^src/${folder}/`) },
    to: { path: library('@nestjs/') },
  },
  {
    name: 'island',
    comment: 'The simulator is an island: only the command line and tests use it.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/(simulator|cli)/', specs] },
    to: { path: '^src/simulator/' },
  },
  {
    name: 'island-tests',
    comment:
      'The specs of the simulator import nothing of the rest either, or client and simulator could share a mistake.',
    severity: 'error',
    from: { path: '^src/simulator/.*\\.spec\\.ts$' },
    to: { path: '^src/', pathNot: '^src/simulator/' },
  },
  {
    name: 'no-cycle',
    comment: 'Data flows one way. (Types may know each other: they are gone when the program runs.)',
    severity: 'error',
    from: { path: '^src/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-orphan',
    comment: 'A file that nobody imports is dead, unless it is a program of its own.',
    severity: 'error',
    from: { path: '^src/', orphan: true, pathNot: [specs, '^src/cli/main\\.ts$'] },
    to: {},
  },
  {
    name: 'no-unresolved',
    comment: 'What is imported exists.',
    severity: 'error',
    from: { path: '^(src|test)/' },
    to: { couldNotResolve: true },
  },
  {
    name: 'no-development-library',
    comment: 'Shipped code imports only what is in dependencies.',
    severity: 'error',
    from: { path: '^src/', pathNot: specs },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
];
