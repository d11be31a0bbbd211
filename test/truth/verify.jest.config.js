import base from '../../jest.config.js';

const { transform, moduleNameMapper, extensionsToTreatAsEsm } = base.projects[0];

/** For `npm run verify:argocd` alone: needs an Argo CD, so it is in no other command. */
export default {
  rootDir: '../..',
  testEnvironment: 'node',
  transform,
  moduleNameMapper,
  extensionsToTreatAsEsm,
  testMatch: ['<rootDir>/test/truth/*.verify-spec.ts'],
};
