import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandDocuments } from './generated/commands.mjs';
import { configurationDocuments } from './generated/configuration.mjs';
import { errorDocuments } from './generated/errors.mjs';
import { metricDocuments } from './generated/metrics.mjs';
import { openApiDocuments } from './generated/openapi.mjs';
import { toolDocuments } from './generated/tools.mjs';
import { root } from './root.mjs';

/**
 * Writes every file that derives from the code; with --check writes nothing and names those that are not up to date.
 * The source is `dist`, so that the documents tell what the built program does.
 */
const documents = Object.assign(
  {},
  await toolDocuments(),
  await errorDocuments(),
  await configurationDocuments(),
  await metricDocuments(),
  await openApiDocuments(),
  await commandDocuments(),
);

const outdated = Object.entries(documents).filter(([path, content]) => readText(path) !== content);

if (!process.argv.includes('--check')) {
  for (const [path, content] of outdated) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    console.log(`wrote ${path}`);
  }
} else if (outdated.length > 0) {
  for (const [path] of outdated) console.log(`${path} is not up to date`);
  console.log('Run `npm run generate` and commit what it writes.');
  process.exitCode = 1;
}

function readText(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}
