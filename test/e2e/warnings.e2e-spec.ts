import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ProcessWarnings } from '../support/process-warnings.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

describe('listeners do not pile up, and Node warns of none', () => {
  let fleet: RunningFleet;
  let warnings: ProcessWarnings;
  beforeEach(() => void (warnings = new ProcessWarnings()));
  afterEach(async () => {
    await fleet?.close();
    warnings.stop();
  });

  it('when one call waits for many clusters that are read for the first time', async () => {
    const names = Array.from({ length: 15 }, (_, i) => `c${i}`);
    fleet = await runFleet({ clusters: names.map((name) => ({ name, simulator: { applications: 1 } })), live: false });
    for (const simulator of Object.values(fleet.simulators)) simulator.fault({ kind: 'slow', delayMs: 500 });
    const { body } = await fleet.get('/api/v1/clusters');
    expect(body.total).toBe(15);
    await fleet.get('/api/v1/applications?fresh=true');
    expect(warnings.texts).toEqual([]);
  });

  it('when one comparison reads many applications', async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu', simulator: { applications: 10 } },
        { name: 'us', simulator: { applications: 10 } },
      ],
    });
    for (const simulator of Object.values(fleet.simulators))
      simulator.fault({ kind: 'slow', delayMs: 300, method: 'GET' });
    const { body } = await fleet.get('/api/v1/compare?application=*');
    expect(body.instances).toHaveLength(20);
    expect(warnings.texts).toEqual([]);
  });

  it('when many syncs run at once', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu', simulator: { applications: 20 } }] });
    const names = fleet.simulators['eu']!.applications.slice(0, 20);
    fleet.simulators['eu']!.fault({ kind: 'slow', delayMs: 300, method: 'GET' });
    const jobs = await Promise.all(
      names.map(async (name) => (await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu' })).body.job),
    );
    await eventually(
      async () => {
        for (const { jobId } of jobs)
          expect((await fleet.get(`/api/v1/jobs/${jobId}`)).body.job.finishedAt).toBeDefined();
      },
      { timeoutMs: 30_000 },
    );
    expect(warnings.texts).toEqual([]);
  }, 60_000);

  it('when many wait for jobs at once', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu', simulator: { applications: 1 } }] });
    fleet.simulators['eu']!.fault({ kind: 'slow', delayMs: 500, method: 'GET' });
    const [name] = fleet.simulators['eu']!.applications;
    const { job } = (await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu' })).body;
    const waits = await Promise.all(
      Array.from({ length: 15 }, () => fleet.get(`/api/v1/jobs/${job.jobId}/wait?timeoutSeconds=1`)),
    );
    expect(waits.map(({ body }) => body.job.jobId)).toEqual(waits.map(() => job.jobId));
    expect(warnings.texts).toEqual([]);
  }, 60_000);
});
