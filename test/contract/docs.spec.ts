import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { takenOver, unheard } from '../../src/fleet/feed/published-feed.js';
import * as shortcomings from '../../src/fleet/feed/shortcomings.js';

const root = process.cwd();
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map((name) => join(root, name)),
  ...['docs', 'src', 'test'].flatMap(markdownIn),
].filter((path) => !relative(root, path).startsWith('test/fixtures'));

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, folder, name));
}

/** Text without code, which may contain anything. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');

/** The anchors of a document, as the usual renderers make them of its headings. */
function anchors(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ +(.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

describe.each(documents.map((path) => [relative(root, path), readFileSync(path, 'utf8')]))('%s', (path, text) => {
  it('has no broken links within the project', () => {
    const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchors(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only files and commands that exist', () => {
    const code = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
    const files = code.filter((word) => /^(src|test|scripts|docs|config|\.ci)\/[\w./-]+$/.test(word));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const commands = [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map((match) => match[1] ?? '');
    expect(commands.filter((command) => !(command in scripts))).toEqual([]);
  });

  it('shows JSON and YAML that can be read', () => {
    for (const block of blocks(text, 'json')) expect(() => JSON.parse(block) as unknown).not.toThrow();
    for (const block of blocks(text, 'yaml')) expect(() => parse(block) as unknown).not.toThrow();
  });
});

describe('docs/runbook.md', () => {
  const rows = [...readFileSync(join(root, 'docs', 'runbook.md'), 'utf8').matchAll(/^\| `(\w+)` +\| (.*?) *\|/gm)].map(
    ([, code, words]) => ({ code, words: words as string }),
  );
  const said = [...Object.values(shortcomings), takenOver, unheard];

  it.each(said)('tells what to do when a cluster stands in `unavailable` because: $message', ({ code, message }) => {
    const found = rows.filter(({ words }) => words && message.includes(words));
    expect(found.map((row) => row.code)).toEqual([code]);
  });
});
