import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import type { Config } from './config.js';
import { CONFIG, FleetConfigModule } from './config.module.js';
import { parseConfig } from './load-config.js';

@Injectable()
class Reader {
  constructor(@Inject(CONFIG) readonly config: Config) {}
}

@Module({ providers: [Reader], exports: [Reader] })
class ElsewhereModule {}

const text = 'clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}}]';
const make = () => parseConfig(text, { source: 'x', baseDir: '/', env: { TOKEN: 'x' } }).config;

describe('the configuration module', () => {
  const stray = ['fleet', 'fleet.server.port', 'fleet.server.publicUrl', 'server.publicUrl', 'PORT'];
  afterEach(() => stray.forEach((name) => delete process.env[name]));

  const open = async (config: Config) =>
    Test.createTestingModule({ imports: [FleetConfigModule.forRoot(config), ElsewhereModule] }).compile();

  it('gives the one configuration to every module', async () => {
    const config = make();
    const app = await open(config);
    expect(app.get(Reader, { strict: false }).config).toBe(config);
    expect(app.get(ConfigService).get('fleet.clusters.0.name')).toBe('a');
    await app.close();
  });

  it('lets no environment variable set or override anything', async () => {
    for (const name of stray) process.env[name] = '12345';
    const app = await open(make());
    const service = app.get(ConfigService);
    expect(service.get('fleet.server.port')).toBe(8090);
    expect(service.get('fleet.server.publicUrl')).toBeUndefined();
    expect(service.get('server.publicUrl')).toBeUndefined();
    expect(service.get('PORT')).toBeUndefined();
    expect(app.get(Reader, { strict: false }).config).toEqual(make());
    await app.close();
  });

  it('gives a configuration that nobody can change', async () => {
    const app = await open(make());
    const { config } = app.get(Reader, { strict: false });
    expect(() => (config.server.port = 1)).toThrow(TypeError);
    expect(() => config.clusters.pop()).toThrow(TypeError);
    await app.close();
  });

  it('carries two configurations in two applications of one process', async () => {
    const [one, two] = [make(), { ...make(), hash: 'other' }];
    const apps = await Promise.all([open(one), open(two)]);
    expect(apps.map((app) => app.get(Reader, { strict: false }).config.hash)).toEqual([one.hash, 'other']);
    await Promise.all(apps.map((app) => app.close()));
  });
});
