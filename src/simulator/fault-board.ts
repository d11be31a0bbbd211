import type { Fault } from './fault.js';
import { FAULT_KINDS, REQUEST_KINDS, fits } from './fault.js';
import type { Instance } from './instance.js';
import type { OpenStream } from './stream-writer.js';

interface ActiveFault {
  id: string;
  fault: Fault;
  left: number;
  undo: () => void;
  release: (() => void)[];
}

/** The faults of one simulator: which are on, whom they strike, and what removing them undoes. */
export class FaultBoard {
  readonly streams = new Set<OpenStream>();
  /** While flapped down every request is reset and no stream lives. */
  isFlappedDown = false;
  listBytesMax: number | undefined;
  private readonly active = new Map<string, ActiveFault>();
  private counter = 0;

  constructor(private readonly instance: Instance) {}

  add(fault: Fault): string {
    if (!FAULT_KINDS.includes(fault.kind))
      throw new RangeError(`unknown fault ${String(fault.kind)}; known: ${FAULT_KINDS.join(', ')}`);
    this.counter += 1;
    const id = `fault-${this.counter}`;
    const entry: ActiveFault = { id, fault, left: fault.count ?? Infinity, undo: () => undefined, release: [] };
    this.active.set(id, entry);
    entry.undo = this.begin(fault);
    if (fault.kind === 'drop-streams') this.active.delete(id);
    return id;
  }

  /** Ends a fault. Requests that it held go on. False if there is none of that id. */
  remove(id: string): boolean {
    const entry = this.active.get(id);
    if (!entry) return false;
    this.active.delete(id);
    entry.undo();
    for (const release of entry.release) release();
    return true;
  }

  clear(): void {
    for (const id of [...this.active.keys()]) this.remove(id);
  }

  list(): { id: string; fault: Fault; left?: number }[] {
    return [...this.active.values()].map(({ id, fault, left }) => ({
      id,
      fault,
      ...(Number.isFinite(left) ? { left } : {}),
    }));
  }

  /** Faults that strike a request, each counted. */
  strike(method: string, path: string): Fault[] {
    const struck: Fault[] = [];
    for (const entry of [...this.active.values()]) {
      if (REQUEST_KINDS.includes(entry.fault.kind) && fits(entry.fault, method, path)) {
        this.count(entry);
        struck.push(entry.fault);
      }
    }
    return struck;
  }

  /** Resolves when the fault is removed, or `delayMs` is over. */
  held(fault: Fault): Promise<void> {
    const entry = [...this.active.values()].find((one) => one.fault === fault);
    return new Promise((resolve) => {
      if (fault.delayMs !== undefined) this.instance.clock.after(fault.delayMs, resolve);
      if (entry) entry.release.push(resolve);
      else if (fault.delayMs === undefined) resolve();
    });
  }

  /** Whether a stream must keep silent now. */
  isSilenced(path: string): boolean {
    return [...this.active.values()].some(({ fault }) => fault.kind === 'silence-streams' && fits(fault, 'GET', path));
  }

  /** Whether the next frame of a stream is cut in the middle. */
  takeCut(path: string): boolean {
    return this.take((fault) => fault.kind === 'cut-frame' && fits(fault, 'GET', path)) !== undefined;
  }

  takesEvent(type: string, application: string): boolean {
    const isIt = (fault: Fault): boolean =>
      fault.kind === 'lose-events' &&
      (fault.type ?? type) === type &&
      (fault.application ?? application) === application;
    return this.take(isIt) !== undefined;
  }

  /** How late events reach streams. */
  eventDelayMs(): number {
    return this.take((fault) => fault.kind === 'late-events')?.delayMs ?? 0;
  }

  /** How old lists are when they are given out. */
  listDelayMs(): number {
    return this.take((fault) => fault.kind === 'old-lists')?.delayMs ?? 0;
  }

  snapshotDelayMs(): number {
    return this.take((fault) => fault.kind === 'slow-snapshot')?.delayMs ?? 0;
  }

  private take(isIt: (fault: Fault) => boolean): Fault | undefined {
    const entry = [...this.active.values()].find(({ fault }) => isIt(fault));
    if (entry) this.count(entry);
    return entry?.fault;
  }

  private count(entry: ActiveFault): void {
    entry.left -= 1;
    // A held request is let go by removing the fault, so one that holds stays on the board.
    if (entry.left <= 0 && entry.fault.kind !== 'hold') this.remove(entry.id);
    else if (entry.left <= 0) entry.fault.path = `\u0000over`;
  }

  private begin(fault: Fault): () => void {
    const { instance } = this;
    switch (fault.kind) {
      case 'controller-down':
        instance.isControllerDown = true;
        return () => void (instance.isControllerDown = false);
      case 'repo-server-down':
        instance.isRepoServerDown = true;
        return () => void (instance.isRepoServerDown = false);
      case 'clock-skew':
        instance.clock.skewMs = fault.skewMs ?? 0;
        return () => void (instance.clock.skewMs = 0);
      case 'withdraw-rights': {
        const account = fault.account ?? 'bot';
        const before = instance.accounts.rightsOf(account);
        instance.accounts.setRights(account, fault.rules ?? []);
        return () => instance.accounts.setRights(account, before);
      }
      case 'list-limit':
        this.listBytesMax = fault.bytes ?? 1;
        return () => void (this.listBytesMax = undefined);
      case 'drop-streams':
        this.dropStreams(fault);
        return () => undefined;
      case 'flap':
        return this.flap(fault);
      default:
        return () => undefined;
    }
  }

  private dropStreams(fault: Fault): void {
    let left = fault.count ?? Infinity;
    for (const stream of [...this.streams]) {
      if (left <= 0) return;
      if (!fits(fault, 'GET', stream.path)) continue;
      stream.drop(fault.isClean === true);
      left -= 1;
    }
  }

  private flap(fault: Fault): () => void {
    let cancel: () => void = () => undefined;
    const turn = (isDown: boolean): void => {
      this.isFlappedDown = isDown;
      if (isDown) for (const stream of [...this.streams]) stream.drop(false);
      cancel = this.instance.clock.after(isDown ? (fault.downMs ?? 1000) : (fault.upMs ?? 1000), () => turn(!isDown));
    };
    turn(true);
    return () => {
      cancel();
      this.isFlappedDown = false;
    };
  }
}
