/** What went wrong with the command itself: shown as it is, without a stack, and ends with this code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    readonly exitCode = 2,
  ) {
    super(message);
  }
}

/** Turns the errors of opening a port into one line that says what to do. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EADDRINUSE') {
    return new CommandError(`Port ${port} on ${host} is in use. Choose another one (--port) or stop what uses it.`);
  }
  if (code === 'EACCES') return new CommandError(`Port ${port} on ${host} may not be opened by this user.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CommandError(`This machine has no address ${host}. Correct server.host.`);
  }
  return error;
}
