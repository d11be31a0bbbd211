import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ReloadingFleet } from '../support/reloading-fleet.js';
import { pem, TlsFront } from '../support/tls-front.js';

const slow = { timeoutMs: 25_000 };

describe('an Argo CD that gets a certificate of another authority', () => {
  let fleet: ReloadingFleet;
  let front: TlsFront | undefined;
  afterEach(async () => {
    await fleet?.close();
    await front?.close();
  });

  const feedOf = async (name: string) =>
    (await fleet.get('/clusters')).body.clusters.find(({ cluster }: { cluster: string }) => cluster === name)?.feed;

  it('is refused until that authority stands in the file, and then comes back by itself, without a restart', async () => {
    fleet = await ReloadingFleet.start([{ name: 'us' }]);
    const eu = await fleet.simulate('eu');
    front = await TlsFront.before(eu.url, 'server');
    const caFile = join(fleet.folder, 'ca.pem');
    fleet.replace(caFile, pem('ca'));
    fleet.write([{ name: 'us' }, { name: 'eu', url: front.url, tls: { caFile } }]);
    await eventually(async () => expect((await feedOf('eu'))?.state).toBe('live'), slow);

    front.show('other-server');
    await eventually(async () => {
      expect(await feedOf('eu')).toMatchObject({ state: 'down', reason: expect.stringMatching(/certificate/i) });
    }, slow);
    eu.addApplications(1, 'meanwhile');
    expect((await fleet.get('/applications')).body).toMatchObject({
      total: 20,
      unavailable: [{ cluster: 'eu', code: 'cluster_unreachable', staleRows: 10 }],
    });

    fleet.replace(caFile, pem('other-ca'));
    await eventually(async () => {
      expect((await feedOf('eu')).state).toBe('live');
      expect((await fleet.get('/applications')).body).toMatchObject({ total: 21, unavailable: [] });
    }, slow);
    expect(fleet.reloads().at(-1)).toMatchObject({ because: 'file', result: 'applied', changed: ['eu: tls'] });
    expect(fleet.simulators['us']!.openStreams()).toBe(1);
  }, 90_000);
});
