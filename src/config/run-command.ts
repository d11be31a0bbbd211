import { spawn } from 'node:child_process';

/** Why a command gave nothing. The message names neither the command nor anything that it printed. */
export class CommandError extends Error {}

/** How long output may still arrive after the command has ended. */
const leftoverMs = 300;

export interface CommandLimits {
  timeoutMs: number;
  outputBytesMax: number;
  signal?: AbortSignal;
}

/**
 * Runs a program without a shell and returns what it printed on stdout. What it prints on stderr is thrown away, because
 * it may hold the secret. When it takes too long or prints too much, it is killed with every process of its group.
 */
export function runCommand(argv: readonly [string, ...string[]], limits: CommandLimits): Promise<string> {
  const { timeoutMs, outputBytesMax, signal } = limits;
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CommandError('was stopped'));
    // Detached makes it the leader of a group of its own, so that the children it starts can be killed with it.
    const child = spawn(program, args, { shell: false, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let bytes = 0;

    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const giveUp = (why: string): void => {
      killGroup(child.pid);
      // A grandchild that left the group may hold the pipe open for ever.
      child.stdout.destroy();
      settle(() => reject(new CommandError(why)));
    };
    const onAbort = (): void => giveUp('was stopped');
    const timer = setTimeout(() => giveUp(`took longer than ${timeoutMs / 1000} s and was killed`), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > outputBytesMax) giveUp(`printed more than ${outputBytesMax / 1024} KiB and was killed`);
      else chunks.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(() => reject(new CommandError(`could not be started (${error.code ?? 'unknown error'})`))),
    );
    // A child that it left behind may hold the pipe: what was printed by the end of the command itself counts.
    child.on('exit', () => setTimeout(() => child.stdout.destroy(), leftoverMs));
    child.on('close', (code, killedBy) =>
      settle(() => {
        if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new CommandError(killedBy ? `was killed by ${killedBy}` : `failed with exit code ${code}`));
      }),
    );
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
