import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';

export interface Command {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  write(text: string): void;
  endInput(): void;
  kill(signal: NodeJS.Signals): void;
  /** Exit code; the signal's name when one ended it. */
  readonly ended: Promise<number | string>;
  /** The first match in what it printed so far, on either stream. */
  prints(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
}

const running = new Set<Command>();

/** Runs the built command line as its users do. Build first: `npm test` does. */
export function command(args: readonly string[], env: Record<string, string | undefined> = {}): Command {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env } as NodeJS.ProcessEnv,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.on('error', () => undefined);
  const self: Command = {
    pid: child.pid ?? 0,
    stdout: () => out,
    stderr: () => err,
    write: (text) => void child.stdin.write(text),
    endInput: () => void child.stdin.end(),
    kill: (signal) => void child.kill(signal),
    ended: once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string),
    prints: (pattern, timeoutMs = 20_000) =>
      eventually(
        () => {
          const found = pattern.exec(out) ?? pattern.exec(err);
          if (!found) throw new Error(`${pattern} is not in: ${out}${err}`);
          return found;
        },
        { timeoutMs },
      ),
  };
  running.add(self);
  void self.ended.then(() => running.delete(self));
  return self;
}

/** For `afterEach`: ends what a failed test left running. */
export async function endCommands(): Promise<void> {
  for (const each of running) each.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
}
