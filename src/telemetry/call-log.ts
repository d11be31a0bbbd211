import { pino, type Logger } from 'pino';
import { scrubText } from './scrub.js';

/** What differs between the lines of calls that came to a good end. */
export interface GoodCall {
  tool: string;
  transport: string;
  caller: string;
  seconds: number;
  requestId: string;
  bytes: number;
}

const message = 'tool call';
/** Callers whose beginnings of lines are kept, for each tool and transport. */
const headsMax = 1_000;

/**
 * The line of a call that was answered from what is known, byte for byte the one that the logger itself would write, which
 * a test holds it to. Made by joining texts that are prepared and scrubbed once: for such a call the logger's own way,
 * which copies, judges and scrubs every field, costs more than the answer.
 */
export class CallLog {
  /** By tool, transport and caller: looked up by texts that exist, no text is made for it. */
  private readonly heads = new Map<string, Map<string, Map<string, string | undefined>>>();
  private readonly stream: { write(line: string): unknown };
  private readonly bindings: string;
  private ms = 0;
  private time = '';

  constructor(private readonly log: Logger) {
    const inner = log as unknown as Record<symbol, unknown>;
    const symbols = pino.symbols as unknown as { streamSym: symbol; chindingsSym: symbol };
    this.stream = inner[symbols.streamSym] as CallLog['stream'];
    this.bindings = inner[symbols.chindingsSym] as string;
  }

  good(call: GoodCall): void {
    if (!this.log.isLevelEnabled('info')) return;
    const head = this.headOf(call);
    const durationMs = Math.round(call.seconds * 1000);
    const { requestId, bytes } = call;
    if (head === undefined) {
      const { tool, transport, caller } = call;
      this.log.info({ tool, transport, caller, outcome: 'ok', durationMs, requestId, bytes }, message);
      return;
    }
    this.stream.write(
      `{"level":"info","time":"${this.now()}"${head},"durationMs":${durationMs},` +
        `"requestId":${JSON.stringify(requestId)},"bytes":${bytes},"msg":"${message}"}\n`,
    );
  }

  /** Undefined where something in it looks like a secret: the logger decides about such a line as a whole. */
  private headOf({ tool, transport, caller }: GoodCall): string | undefined {
    const heads = this.headsOf(tool, transport);
    if (heads.has(caller)) return heads.get(caller);
    const fields = JSON.stringify({ tool, transport, caller, outcome: 'ok' });
    const text = `${this.bindings},${fields.slice(1, -1)}`;
    const head = scrubText(text) === text && caller.length <= 1_000 ? text : undefined;
    if (heads.size < headsMax) heads.set(caller, head);
    return head;
  }

  private headsOf(tool: string, transport: string): Map<string, string | undefined> {
    const ofTool = this.heads.get(tool) ?? new Map<string, Map<string, string | undefined>>();
    const heads = ofTool.get(transport) ?? new Map<string, string | undefined>();
    if (heads.size === 0) this.heads.set(tool, ofTool.set(transport, heads));
    return heads;
  }

  private now(): string {
    const ms = Date.now();
    if (ms !== this.ms) {
      this.ms = ms;
      this.time = new Date(ms).toISOString();
    }
    return this.time;
  }
}
