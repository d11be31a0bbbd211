import type { SimulatorVersion } from '../../../src/simulator/version.js';
import type { SimulatorOptions } from '../../../src/simulator/simulator-options.js';
import { Simulator } from '../../../src/simulator/simulator.js';
import { eventually } from '../../support/eventually.js';
import type { Recording, recordedVersions } from '../../support/recordings.js';
import { recording } from '../../support/recordings.js';
import { differences } from './difference.js';
import type { Answer, Exchange } from './exchange.js';
import { exchange } from './exchange.js';
import { depthOf } from './rules.js';

export type RecordedVersion = (typeof recordedVersions)[number];

/** What came of replaying one recording: an answer, or none. */
export interface Outcome {
  recording: Recording;
  answer: Answer | undefined;
}

interface ReplayOptions {
  /** Headers that replace recorded ones, for example a shorter time-out. */
  headers?: Record<string, string>;
  /** Puts this simulator's names in the place of recorded ones. */
  path?: (recorded: string) => string;
}

const SPEED = 3;

/** A simulator that is led through the course of a recorded version, request by request. */
export class Scene {
  private readonly others: Scene[] = [];
  /** Tokens of accounts that come and go in the course. */
  readonly tokens = new Map<string, string>();

  private constructor(
    readonly version: RecordedVersion,
    readonly simulator: Simulator,
    readonly outcomes: Map<string, Outcome>,
    private readonly speed: number,
  ) {}

  static async open(version: RecordedVersion, options: SimulatorOptions = {}): Promise<Scene> {
    return new Scene(version, await start(version, options), new Map(), options.speed ?? SPEED);
  }

  /** Another simulator beside the scene's own. What it answers counts for this scene; it is closed with it. */
  async beside(options: SimulatorOptions): Promise<Scene> {
    const other = new Scene(this.version, await start(this.version, options), this.outcomes, options.speed ?? SPEED);
    this.others.push(other);
    return other;
  }

  async close(): Promise<void> {
    await Promise.all([this.simulator.close(), ...this.others.map((other) => other.close())]);
  }

  /** Sends recorded requests, one after the other, and keeps what is answered. */
  async replay(names: string | readonly string[], options: ReplayOptions = {}): Promise<void> {
    for (const name of typeof names === 'string' ? [names] : names) {
      const recorded = recording(this.version, name);
      const answer = await this.send(recorded, options);
      this.outcomes.set(name, { recording: recorded, answer });
    }
  }

  /** As `replay`, for a state that passes: asks until the answer is the recorded one, at most six seconds. */
  async meets(name: string): Promise<void> {
    const recorded = recording(this.version, name);
    const deadline = performance.now() + 6_000;
    do {
      const answer = await this.send(recorded, {});
      this.outcomes.set(name, { recording: recorded, answer });
      if (differences(recorded, answer, depthOf(recorded)).length === 0) return;
    } while (performance.now() < deadline);
  }

  /** As `replay`, for a request that hangs: asks, and gives up soon. */
  async hangs(name: string, timeoutMs = 250): Promise<void> {
    const recorded = recording(this.version, name);
    const answer = await this.send(recorded, {}, timeoutMs).catch(() => undefined);
    this.outcomes.set(name, { recording: recorded, answer });
  }

  /** Holds the controller still, so that what follows meets the state before it acts; lets it go on afterwards. */
  async whileControllerRests(work: () => Promise<void>): Promise<void> {
    const fault = this.simulator.fault({ kind: 'controller-down' });
    try {
      await work();
    } finally {
      this.simulator.clearFault(fault);
    }
  }

  /** A request of the administrator that was not recorded. Throws unless it succeeds. */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const headers = {
      authorization: `Bearer ${this.simulator.tokens.admin}`,
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await exchange(this.simulator.url, { method, path: `/api/v1${path}`, headers, body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Record<string, unknown>;
  }

  /** Waits until no operation runs and nothing has been written for a while. */
  async quiet(): Promise<void> {
    let last = '';
    let since = performance.now();
    await eventually(async () => {
      const list = (await this.call('GET', '/applications')) as { metadata: unknown; items: { operation?: unknown }[] };
      const now = JSON.stringify(list.metadata);
      if (now !== last || list.items?.some((item) => item.operation !== undefined)) {
        last = now;
        since = performance.now();
      }
      return performance.now() - since > 400 / this.speed;
    });
  }

  /** Waits until a GET of the administrator satisfies `isSo`. */
  async until(path: string, isSo: (body: Record<string, unknown>) => boolean): Promise<void> {
    await eventually(async () => isSo(await this.call('GET', path)));
  }

  /** The recorded request, with this simulator's tokens in the place of the recorded ones. */
  request({ name, request }: Recording, headers: Record<string, string> = {}): Exchange {
    const { method, path, body } = request;
    const sent: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...request.headers, ...headers }) as [string, string | null][])
      if (value !== null) sent[name] = value;
    const { account } = request as { account?: string | null };
    // Streams were recorded with the administrator's token and do not say so, except the one without any.
    const isStream = account === undefined && name !== 'stream-no-token';
    if (isStream || sent['authorization'] === 'Bearer <token>')
      sent['authorization'] = `Bearer ${this.tokenOf(account) ?? forged(this.simulator.tokens.admin)}`;
    return { method, path, headers: sent, body };
  }

  private tokenOf(account: string | null | undefined): string | undefined {
    const { admin, reader, project } = this.simulator.tokens;
    if (account === null) return undefined;
    if (account === undefined || account === 'bot (admin)') return admin;
    return { reader, proj: project }[account] ?? this.tokens.get(account);
  }

  private send(recorded: Recording, { headers, path }: ReplayOptions, timeoutMs?: number): Promise<Answer> {
    const sent = this.request(recorded, headers);
    // Recorded paths hold a root path where there was one, and a TLS server is asked in plain HTTP.
    const origin = new URL(this.simulator.url).origin.replace('https:', 'http:');
    return exchange(origin, { ...sent, path: path ? path(sent.path) : sent.path }, timeoutMs);
  }
}

function start(version: RecordedVersion, options: SimulatorOptions): Promise<Simulator> {
  return Simulator.start({
    version: version.slice(1) as SimulatorVersion,
    world: 'recorded',
    speed: SPEED,
    reconcileMs: 0,
    ...options,
  });
}

/** A token that was signed with another key. */
function forged(token: string): string {
  const [head, claims, signature = ''] = token.split('.');
  return `${head}.${claims}.${[...signature].reverse().join('')}`;
}
