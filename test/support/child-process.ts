import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

export interface ChildScript {
  /** Starts the script in a process of its own. */
  start(env: Record<string, string>): ChildNode;
  /** Kills what still runs and removes the files. */
  remove(): Promise<void>;
}

export interface ChildNode {
  /** Lines that it wrote to stdout so far. */
  readonly lines: string[];
  readonly exited: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Makes a TypeScript file of the tests, and the folders of `src` that it needs, runnable by plain Node, for tests that
 * kill processes. The files lie inside the repository, so that packages are found.
 */
export function childScript(script: string, folders: readonly string[]): ChildScript {
  mkdirSync('.cache', { recursive: true });
  const folder = mkdtempSync(join('.cache', 'child-'));
  for (const path of [script, ...folders.flatMap(sourcesIn)]) {
    const target = join(folder, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
      fileName: path,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    writeFileSync(target, outputText);
  }
  const children = new Set<ChildNode>();
  return {
    start: (env) => {
      const child = spawn(process.execPath, [join(folder, script.replace(/\.ts$/, '.js'))], {
        env: { ...process.env, ...env, NODE_OPTIONS: '' },
      });
      const node = follow(child);
      children.add(node);
      return node;
    },
    remove: async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all([...children].map(({ exited }) => exited));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcessWithoutNullStreams): ChildNode {
  const lines: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.pipe(process.stderr);
  return { lines, exited: once(child, 'exit'), kill: (signal) => void child.kill(signal) };
}

const sourcesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => join(folder, name));
