// Runs first in every command of package.json: a fresh clone has neither node_modules nor dist. It needs nothing but
// Node, and its own syntax is old on purpose, so that a Node that is too old gets a sentence and not a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error('argocd-fleet-mcp needs Node 20.19 or newer; this is Node ' + process.versions.node + '.');
  process.exit(1);
}

import('./install-and-build.mjs')
  .then((module) => module.installAndBuild())
  .catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
