import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const root = process.cwd();
mkdirSync(join(root, '.cache'), { recursive: true });
const folders: string[] = [];

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A tree of its own with the given files, inside the project so that libraries are found. */
function tree(files: Record<string, string>): string {
  const folder = mkdtempSync(join(root, '.cache', 'layers-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

interface Violation {
  from: string;
  rule: { name: string };
}

function cruise(cwd: string): Violation[] {
  const program = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.mjs');
  const run = spawnSync(process.execPath, [program, '--config', config, '--output-type', 'json', 'src'], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });
  if (run.stdout === '') throw new Error(run.stderr);
  return (JSON.parse(run.stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

const other = 'export const other = 1;\n';

/** Importing file, what it imports, the rule that has to notice. */
const wrongImports: [file: string, specifier: string, rule: string][] = [
  ['src/argocd/wrong.ts', '../fleet/other.js', 'layer-argocd'],
  ['src/fleet/wrong.ts', '../jobs/other.js', 'layer-fleet'],
  ['src/fleet/wrong.ts', '../tools/other.js', 'layer-fleet'],
  ['src/cache/wrong.ts', '../fleet/other.js', 'layer-cache'],
  ['src/jobs/wrong.ts', '../cache/other.js', 'layer-jobs'],
  ['src/jobs/wrong.ts', '../tools/other.js', 'layer-jobs'],
  ['src/tools/wrong.ts', '../rest/other.js', 'layer-tools'],
  ['src/tools/wrong.ts', '../auth/other.js', 'layer-tools'],
  ['src/rest/wrong.ts', '../mcp/other.js', 'layer-rest'],
  ['src/mcp/wrong.ts', '../rest/other.js', 'layer-mcp'],
  ['src/mcp/wrong.ts', '../argocd/other.js', 'layer-mcp'],
  ['src/errors/wrong.ts', '../config/other.js', 'layer-errors'],
  ['src/config/wrong.ts', '../fleet/other.js', 'layer-config'],
  ['src/simulator/wrong.ts', '../errors/other.js', 'layer-simulator'],
  ['src/simulator/wrong.spec.ts', '../argocd/other.js', 'island-tests'],
  ['src/fleet/wrong.ts', '../simulator/other.js', 'island'],
  ['src/rest/wrong.ts', '../fleet/other.js', 'layer-rest'],
  ['src/server.ts', './simulator/other.js', 'root'],
  ['src/server.ts', './cli/other.js', 'root'],
  ['src/helper.ts', './fleet/other.js', 'known-folder'],
  ['src/rest/wrong.ts', 'bullmq', 'home-of-bullmq'],
  ['src/fleet/wrong.ts', 'ioredis', 'home-of-ioredis'],
  ['src/fleet/wrong.ts', 'undici', 'home-of-undici'],
  ['src/rest/wrong.ts', '@modelcontextprotocol/server', 'home-of-modelcontextprotocol'],
  ['src/argocd/wrong.ts', '@nestjs/common', 'no-nest'],
  ['src/simulator/wrong.ts', '@nestjs/core', 'no-nest'],
  ['src/tools/catalog/wrong.ts', '@nestjs/common', 'no-nest'],
];

/** A run reads every file and starts a process; a busy machine takes its time. */
const timeoutMs = 180_000;

const told = ({ rule, from }: Violation): string => `${rule.name}: ${from}`;

describe('the layers', () => {
  it(
    'hold',
    () => {
      expect(cruise(root).map(told)).toEqual([]);
    },
    timeoutMs,
  );

  it(
    'notice every wrong import, and a cycle',
    () => {
      const files: Record<string, string> = {
        'src/fleet/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
        'src/fleet/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
      };
      const expected = ['no-cycle: src/fleet/a.ts'];
      wrongImports.forEach(([file, specifier, rule], index) => {
        const path = file.replace('wrong', `wrong-${index}`);
        if (specifier.startsWith('.')) files[join(dirname(path), specifier).replace(/\.js$/, '.ts')] = other;
        // The composition root is one file: its imports share it.
        files[path] = `${files[path] ?? ''}import * as it${index} from '${specifier}';\nexport { it${index} };\n`;
        expected.push(`${rule}: ${path}`);
      });
      const found = new Set(cruise(tree(files)).map(told));
      expect(expected.filter((violation) => !found.has(violation))).toEqual([]);
    },
    timeoutMs,
  );

  it(
    'let through what the table allows, and types that know each other',
    () => {
      const folder = tree({
        'src/fleet/right.ts': "import { other } from '../argocd/other.js';\nexport const right = other;\n",
        'src/argocd/other.ts': "import { request } from 'undici';\nexport const other = request;\n",
        'src/server.ts': "import { right } from './fleet/right.js';\nexport const server = right;\n",
        'src/fleet/a.ts': "import { b } from './b.js';\nexport const a = b;\nexport type A = string;\n",
        'src/fleet/b.ts': "import type { A } from './a.js';\nexport const b: A = '';\n",
      });
      // A tree without a package.json has no dependencies, so every library looks undeclared.
      const names = new Set(cruise(folder).map(({ rule }) => rule.name));
      expect([...names].filter((name) => name !== 'no-development-library')).toEqual([]);
    },
    timeoutMs,
  );
});
