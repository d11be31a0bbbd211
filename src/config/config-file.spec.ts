import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { configTable } from './config-table.js';
import { defaultLimits, defaultServer } from './defaults.js';
import { configJsonSchema, type JsonSchema } from './json-schema.js';
import { parseConfig } from './load-config.js';
import { clusterOf, serverOf } from './normalise.js';

const example = readFileSync(new URL('../../config/fleet.example.yaml', import.meta.url), 'utf8');
const env = { PATH: process.env['PATH'], EU_PROD_TOKEN: 'x', US_PROD_TOKEN: 'x', REDIS_URL: 'redis://127.0.0.1:1' };

describe('the example configuration', () => {
  const load = (text: string) => parseConfig(text, { source: 'fleet.example.yaml', baseDir: '/', env });

  it('is valid, gives no warning and names its schema', () => {
    const { config, warnings } = load(example);
    expect(warnings).toEqual([]);
    expect(config.clusters.map(({ name }) => name)).toEqual(['eu-prod', 'us-prod', 'eu-dev']);
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./argocd-fleet.schema.json');
  });

  it('is valid with everything in it that is commented out, files apart', () => {
    const all = example
      .replaceAll(/^( *)# (?=( |- )*[a-zA-Z]+:( |$)|- )/gm, '$1')
      .replaceAll(/^.*(caFile|secrets\/us-prod).*$/gm, '');
    const { config } = load(all);
    expect(config.server).toMatchObject({ publicUrl: 'https://fleet.example.com', readOnly: true });
    expect(config.server.apiKeys).toHaveLength(2);
    expect(config.redis).toMatchObject({ cache: { kind: 'env' }, queue: { kind: 'env' } });
  });
});

describe('the JSON schema', () => {
  const fieldsOf = (schema: JsonSchema, path = ''): [string, JsonSchema][] => [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, JsonSchema][] => [
      [`${path}.${name}`, field],
      ...fieldsOf(field, `${path}.${name}`),
    ]),
    ...(schema.items ? fieldsOf(schema.items, `${path}[]`) : []),
    ...(schema.anyOf ?? []).flatMap((branch) => fieldsOf(branch, path)),
  ];

  it('is draft 7, the same every time, and holds no reference', () => {
    expect(configJsonSchema().$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(JSON.stringify(configJsonSchema())).toBe(JSON.stringify(configJsonSchema()));
    expect(JSON.stringify(configJsonSchema())).not.toContain('$ref');
  });

  it('describes every field and allows no unknown one', () => {
    const fields = fieldsOf(configJsonSchema());
    expect(fields.length).toBeGreaterThan(50);
    for (const [path, field] of fields) {
      expect([path, field.description]).toEqual([path, expect.stringMatching(/\S{3}/)]);
      if (field.properties) expect([path, field.additionalProperties]).toEqual([path, false]);
    }
  });
});

describe('the table for the documentation', () => {
  const rows = configTable();

  it('has a row for every field, once, with a type and a description', () => {
    const paths = rows.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of [
      'server.port',
      'clusters[].token',
      'clusters[].limits.timeoutMs',
      'server.apiKeys[].role',
      'defaults.limits',
    ]) {
      expect(paths).toContain(path);
    }
    for (const row of rows)
      expect(row).toEqual({ ...row, type: expect.stringMatching(/\S/), description: expect.stringMatching(/\S/) });
    expect(rows.find(({ path }) => path === 'clusters[].token')).toMatchObject({
      type: '{env} or {file} or {command}',
      default: 'required',
    });
  });

  it('shows the defaults that the program applies', () => {
    const shown = (path: string): unknown => JSON.parse(rows.find((row) => row.path === path)?.default ?? 'null');
    const cluster = clusterOf({ name: 'a', url: 'https://a', token: { env: 'A' } }, {}, '/');
    for (const key of Object.keys(defaultLimits) as (keyof typeof defaultLimits)[]) {
      expect([key, shown(`clusters[].limits.${key}`)]).toEqual([key, cluster.limits[key]]);
    }
    const server = serverOf(undefined, {});
    for (const key of Object.keys(defaultServer) as (keyof typeof defaultServer)[])
      expect(shown(`server.${key}`)).toBe(server[key]);
    expect(shown('clusters[].readOnly')).toBe(cluster.readOnly);
  });
});
