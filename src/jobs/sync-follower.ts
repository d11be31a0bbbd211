import { setTimeout as pause } from 'node:timers/promises';
import type { ApplicationRef, ArgoCdApi } from '../argocd/argocd-api.js';
import type { Application } from '../argocd/schemas.js';
import { AppError } from '../errors/app-error.js';

/** What was seen of the application: a state of it, or that it is not there any more. */
export type Sighting = { kind: 'state'; application: Application } | { kind: 'gone' };

export interface FollowerOptions {
  api: ArgoCdApi;
  ref: ApplicationRef;
  signal: AbortSignal;
  /** Time between two GETs, which run beside the stream: it may be held back, or lose events. */
  pollMs: number;
  /** First pause before the stream is opened again; doubles, up to 10 s. */
  reconnectMs: number;
}

const reconnectMaxMs = 10_000;
/** A stream by name has a snapshot: what gives no header for so long is held back by a proxy. */
const headerTimeoutMs = 30_000;

/**
 * Tells every state of one application in order, from a stream by name and from GETs. None is skipped: what an
 * operation left behind may be overwritten by the next one 20 ms later. A state older than one told before is left out.
 */
export class SyncFollower {
  private sightings: Sighting[] = [];
  private wake: () => void = () => {};
  private readonly abort = new AbortController();
  private readonly signal: AbortSignal;
  private loops: Promise<unknown> = Promise.resolve();
  private tellOpen: () => void = () => {};
  private readonly whenOpen = new Promise<void>((resolve) => (this.tellOpen = resolve));
  private newest = 0;

  constructor(private readonly options: FollowerOptions) {
    this.signal = AbortSignal.any([options.signal, this.abort.signal]);
  }

  /** Resolves when the stream is open, or after `withinMs`: then the GETs alone have to do. */
  async start(withinMs: number): Promise<void> {
    this.loops = Promise.all([this.stream(), this.poll()]);
    const stop = new AbortController();
    const limit = pause(withinMs, undefined, { signal: AbortSignal.any([this.signal, stop.signal]) });
    await Promise.race([this.whenOpen, limit.catch(() => undefined)]);
    stop.abort();
    this.options.signal.throwIfAborted();
  }

  /** The next sighting; undefined when none came in time. Throws the signal's reason. */
  async next(withinMs: number): Promise<Sighting | undefined> {
    const { signal } = this.options;
    signal.throwIfAborted();
    if (this.sightings.length === 0 && withinMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, Math.min(withinMs, 2 ** 31 - 1));
        signal.addEventListener('abort', done, { once: true });
        this.wake = done;
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
      });
      signal.throwIfAborted();
    }
    return this.sightings.shift();
  }

  /** Takes in what was learned elsewhere, such as the answer to a POST: nothing older is told from now on. */
  raiseTo(resourceVersion: string | null | undefined): void {
    const version = Number(resourceVersion);
    if (!Number.isFinite(version)) return;
    this.newest = Math.max(this.newest, version);
    this.sightings = this.sightings.filter((sighting) => !(versionOf(sighting) < version));
  }

  /** Ends both loops; no request is left. */
  async close(): Promise<void> {
    this.abort.abort(new Error('no longer followed'));
    await this.loops;
  }

  private tell(sighting: Sighting): void {
    const version = versionOf(sighting);
    if (version < this.newest) return;
    if (Number.isFinite(version)) this.newest = version;
    this.sightings.push(sighting);
    this.wake();
  }

  private async stream(): Promise<void> {
    const { api, ref, reconnectMs } = this.options;
    for (let failures = 0; !this.signal.aborted; failures++) {
      try {
        const { name, namespace } = ref;
        for await (const signal of api.watch({ name, namespace, headerTimeoutMs, signal: this.signal })) {
          if (signal.kind === 'open') {
            failures = 0;
            this.tellOpen();
          }
          if (signal.kind !== 'event' || !isIt(signal.application, ref)) continue;
          this.tell(signal.type === 'DELETED' ? { kind: 'gone' } : { kind: 'state', application: signal.application });
        }
      } catch {
        // A reset is as ordinary as an end: open it again. The GETs go on meanwhile.
      }
      await this.pause(Math.min(reconnectMaxMs, reconnectMs * 2 ** Math.min(failures, 10)));
    }
  }

  private async poll(): Promise<void> {
    const { api, ref, pollMs } = this.options;
    await this.pause(pollMs);
    while (!this.signal.aborted) {
      try {
        this.tell({ kind: 'state', application: await api.get(ref, { signal: this.signal }) });
      } catch (error) {
        if (AppError.from(error).code === 'not_found' && ref.project !== undefined) this.tell({ kind: 'gone' });
      }
      await this.pause(pollMs);
    }
  }

  private async pause(ms: number): Promise<void> {
    await pause(ms * (0.8 + Math.random() * 0.4), undefined, { signal: this.signal }).catch(() => undefined);
  }
}

/** NaN, which is older than nothing, where there is none. */
const versionOf = (sighting: Sighting): number =>
  sighting.kind === 'state' ? Number(sighting.application.metadata?.resourceVersion ?? NaN) : NaN;

const isIt = ({ metadata }: Application, ref: ApplicationRef): boolean =>
  metadata?.name === ref.name && (ref.namespace === undefined || metadata.namespace === ref.namespace);
