import type { AddedJob, JobHandler, JobQueue } from './job-queue.js';
import type { JobRecord } from './job.js';

/** Counts how jobs move, in the process in which they do: added here, begun here, ended here. */
export class MeasuredQueue implements JobQueue {
  constructor(
    private readonly queue: JobQueue,
    private readonly moved: (kind: string, state: string) => void,
  ) {}

  get kind(): JobQueue['kind'] {
    return this.queue.kind;
  }

  get durable(): boolean {
    return this.queue.durable;
  }

  async add(job: JobRecord): Promise<AddedJob> {
    const added = await this.queue.add(job);
    if (!added.joined) this.moved(job.kind, 'queued');
    return added;
  }

  work(handler: JobHandler, options: Parameters<JobQueue['work']>[1]): Promise<void> {
    const measured: JobHandler = async (job, context) => {
      this.moved(job.kind, 'running');
      const end = await handler(job, context);
      this.moved(job.kind, end.state);
      return end;
    };
    return this.queue.work(measured, options);
  }

  get(jobId: string): ReturnType<JobQueue['get']> {
    return this.queue.get(jobId);
  }

  wait(...args: Parameters<JobQueue['wait']>): ReturnType<JobQueue['wait']> {
    return this.queue.wait(...args);
  }

  health(): ReturnType<JobQueue['health']> {
    return this.queue.health();
  }

  close(options: Parameters<JobQueue['close']>[0]): Promise<void> {
    return this.queue.close(options);
  }
}
