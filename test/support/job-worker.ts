/**
 * A worker in a process of its own, for tests that kill it. Its handler notes `postingAt` and then hangs, so that the
 * test can kill the process at the worst moment; a second run of the same job sees the note and succeeds.
 */
import { pino } from 'pino';
import { BullmqQueue } from '../../src/jobs/bullmq-queue.js';

const env = process.env;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const queue = new BullmqQueue({
  url: env['JOB_REDIS'] ?? '',
  keyPrefix: env['JOB_PREFIX'] ?? '',
  log: pino({ level: 'silent' }),
  times: { lockMs: Number(env['JOB_LOCK_MS'] ?? 1_000), stalledCheckMs: Number(env['JOB_LOCK_MS'] ?? 1_000) },
});

await queue.work(
  async (job, { signal, update }) => {
    say(`run ${job.jobId} ${job.postingAt ?? '-'}`);
    if (job.postingAt) return { state: 'succeeded', message: `resumed by ${process.pid}` };
    await update({ postingAt: new Date().toISOString(), phase: 'Running', message: `begun by ${process.pid}` });
    say(`posted ${job.jobId}`);
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    throw new Error('unreachable');
  },
  { concurrency: 4 },
);
say('ready');

process.once('SIGTERM', () => {
  // No process.exit: the test also proves that a closed queue leaves nothing behind that keeps a process alive.
  void queue.close({ graceMs: Number(env['JOB_GRACE_MS'] ?? 0) }).then(() => say('closed'));
});
