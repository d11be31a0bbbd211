import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { root } from './root.mjs';

/** Holds the shape of `src`: flat, small files, folders that say what they hold. Prints what breaks it, or nothing. */
const linesMax = 250;
const depthMax = 2;
const deeperFolders = ['tools/catalog', 'fleet/index', 'fleet/feed', 'fleet/answers', 'fleet/events'];
const nothingSaid = new Set([
  'utils',
  'util',
  'common',
  'shared',
  'helpers',
  'helper',
  'lib',
  'types',
  'dto',
  'interfaces',
]);
const barrels = ['tools/catalog/index.ts'];

const complaints = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) =>
    join(entry.parentPath, entry.name)
      .slice(join(root, 'src').length + 1)
      .split(sep)
      .join('/'),
  )
  .flatMap(complaintsAbout);

for (const complaint of complaints) console.log(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;

function complaintsAbout(path) {
  const found = [];
  const parts = path.split('/');
  const name = parts.at(-1);
  const words = [...parts.slice(0, -1), name.replace(/\..*$/, '')];
  if (
    parts.length > depthMax &&
    !deeperFolders.some((folder) => path.startsWith(`${folder}/`) && parts.length === depthMax + 1)
  ) {
    found.push(`src/${path}: deeper than ${depthMax}; src is flat`);
  }
  const empty = words.find((word) => nothingSaid.has(word));
  if (empty) found.push(`src/${path}: "${empty}" says nothing about what it holds`);
  if (name === 'index.ts' && !barrels.includes(path)) found.push(`src/${path}: no barrels`);
  if (!/^[a-z0-9]+([.-][a-z0-9]+)*$/.test(name) && name !== 'README.md')
    found.push(`src/${path}: file names are lower-case with dashes`);
  if (name.endsWith('.ts') && !name.endsWith('.spec.ts')) {
    const lines = readFileSync(join(root, 'src', path), 'utf8').split('\n').length - 1;
    if (lines > linesMax) found.push(`src/${path}: ${lines} lines, at most ${linesMax}; make it two files`);
  }
  return found;
}
