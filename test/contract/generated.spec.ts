import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { errorCatalogue } from '../../src/errors/catalogue.js';
import { outcomeCodes } from '../../src/jobs/job.js';
import { catalog } from '../../src/tools/catalog/index.js';

/**
 * `npm run check` compares generated files to the last byte with what the built program gives (scripts/generate.mjs).
 * Here they are held against the sources themselves, so that the generator cannot leave something out for both.
 */
describe('generated files', () => {
  it('docs/tools.md and the README tell of every tool', () => {
    const tools = readFileSync('docs/tools.md', 'utf8');
    const readme = readFileSync('README.md', 'utf8');
    for (const { name, description, input } of catalog) {
      expect(tools).toContain(`### ${name}\n\n${description}`);
      expect(readme).toContain(`| \`${name}\` |`);
      for (const argument of Object.keys(input.shape)) expect(tools).toContain(`| \`${argument}\` |`);
    }
  });

  it('docs/errors.md tells of every error and outcome', () => {
    const errors = readFileSync('docs/errors.md', 'utf8');
    for (const code of [...Object.keys(errorCatalogue), ...outcomeCodes]) expect(errors).toContain(`| \`${code}\` |`);
  });

  it('docs/openapi.json has one operation for each tool', () => {
    const { openapi, paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId?: string }>>;
    };
    expect(openapi).toMatch(/^3\.1\./);
    const operations = Object.values(paths).flatMap((path) => Object.values(path).map((one) => one.operationId));
    expect(operations).toEqual(expect.arrayContaining(catalog.map((tool) => tool.name)));
  });
});
