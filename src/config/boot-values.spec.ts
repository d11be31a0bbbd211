import { describe, expect, it } from '@jest/globals';
import { oneCluster, readConfig } from '../../test/support/config-fixture.js';
import { liveChange } from './boot-values.js';

const config = (text = '') => readConfig(`${text}${oneCluster}`, { allowAnonymous: true }).config;

describe('a change of what only a start can change', () => {
  it('is named and left as it was, while the rest counts', () => {
    const now = config('server: {port: 1000}\n');
    const next = config('server: {port: 2000, readOnly: true}\nredis: {keyPrefix: other}\n');
    const { config: taken, needsRestart, server } = liveChange(now, next);
    expect(needsRestart).toEqual(['server.port', 'redis.keyPrefix']);
    expect(server).toEqual(['readOnly']);
    expect([taken.server.port, taken.server.readOnly, taken.redis]).toEqual([1000, true, now.redis]);
  });

  it('is refused where it would leave an open address without keys', () => {
    const now = config('server: {host: 0.0.0.0}\n');
    expect(() => liveChange(now, config())).toThrow();
    expect(() => liveChange(now, config(), { allowAnonymous: true })).not.toThrow();
  });
});
