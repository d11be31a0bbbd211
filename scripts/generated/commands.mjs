import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../root.mjs';
import { heading } from './markdown.mjs';

/** docs/commands.md: what `--help` prints, for the program and for each of its commands. */
export async function commandDocuments() {
  const main = help();
  const commands = [...main.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1]).filter((name) => name !== 'help');
  if (commands.length === 0) throw new Error('`dist/cli/main.js --help` names no commands.');
  const document = [
    heading('Commands', 'the help of the program'),
    '```text',
    main.trimEnd(),
    '```',
    ...commands.flatMap((name) => ['', `## ${name}`, '', '```text', help(name).trimEnd(), '```']),
    '',
  ].join('\n');
  return { 'docs/commands.md': document };
}

function help(...command) {
  const env = { PATH: process.env.PATH, COLUMNS: '100', NO_COLOR: '1' };
  return execFileSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...command, '--help'], {
    encoding: 'utf8',
    env,
    timeout: 30_000,
  });
}
