import { Session } from 'node:inspector';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Runs inside of the measured server (`node --import`) and tells the bench what only the process itself can know: its
 * memory, how long its event loop stood still, where its time went. The server knows nothing of it.
 */
const resolutionMs = 5;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
const session = new Session();
let usage = process.cpuUsage();

const cpuMsSince = (before) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

const answers = {
  /** Forgets what was measured until now. */
  reset: () => {
    delay.enable();
    delay.reset();
    usage = process.cpuUsage();
    return {};
  },
  read: () => ({
    rssBytes: process.memoryUsage.rss(),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    heapBytes: process.memoryUsage().heapUsed,
    // The monitor counts its own period as well.
    blockedMs: Math.max(0, delay.max / 1e6 - resolutionMs),
    cpuMs: cpuMsSince(usage),
    cpuMsInAll: cpuMsSince({ user: 0, system: 0 }),
  }),
  startProfile: async () => {
    session.connect();
    await post('Profiler.enable');
    await post('Profiler.setSamplingInterval', { interval: 500 });
    await post('Profiler.start');
    return {};
  },
  stopProfile: async () => {
    const { profile } = await post('Profiler.stop');
    session.disconnect();
    return profile;
  },
};

process.on('message', async ({ probe, id }) => {
  const answer = await answers[probe]();
  process.send({ id, answer });
});
// Neither holds the process up when it is asked to end.
process.channel.unref();
answers.reset();

function post(method, parameters) {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result)));
  });
}
