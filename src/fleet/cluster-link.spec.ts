import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../test/support/config-fixture.js';
import { pem } from '../../test/support/tls-front.js';
import { createLogger } from '../telemetry/logger.js';
import { ClusterLink } from './cluster-link.js';

const config = (more = '') =>
  readConfig(`clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}${more}}]`).config.clusters[0]!;
const open = () => new ClusterLink(config(), { log: createLogger('silent') });

describe('the way to a cluster', () => {
  it('a job keeps the client it began with, and whoever asks anew gets the new one', async () => {
    const link = open();
    const held = link.hold();
    const change = link.prepare(config(', limits: {timeoutMs: 4000}'));
    expect(change.fields).toEqual(['limits']);
    expect(link.api).toBe(held.api);
    change.commit();
    expect(link.api).not.toBe(held.api);
    expect(link.hold().api).toBe(link.api);
    expect(held.config.limits.timeoutMs).not.toBe(4000);
    await link.close();
  });

  it('labels alone need no other client', async () => {
    const link = open();
    const { api } = link;
    link.prepare(config(', labels: {env: prod}')).commit();
    expect([link.api === api, link.config.labels]).toEqual([true, { env: 'prod' }]);
    await link.close();
  });

  it('an authority that was replaced in its file needs another client, and an unchanged file none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleet-link-'));
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, pem('ca'));
    const named = config(`, tls: {caFile: ${JSON.stringify(caFile)}}`);
    const link = new ClusterLink(named, { log: createLogger('silent') });
    const { api } = link;
    try {
      const same = link.prepare(named);
      expect(same.fields).toEqual([]);
      same.commit();
      expect(link.api).toBe(api);
      writeFileSync(caFile, pem('other-ca'));
      const change = link.prepare(named);
      expect([change.fields, link.api === api]).toEqual([['tls'], true]);
      change.commit();
      expect(link.api).not.toBe(api);
      // What the file held is known from now on.
      expect(link.prepare(named).fields).toEqual([]);
      rmSync(caFile);
      expect(() => link.prepare(named)).toThrow('The caFile of this cluster cannot be read.');
    } finally {
      await link.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('that is no longer used ends when the last job has let go, and not before', async () => {
    const link = open();
    const [one, two] = [link.hold(), link.hold()];
    let isOver = false;
    const retired = link.retire().then(() => (isOver = true));
    one.release();
    one.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    two.release();
    await retired;
  });
});
