/** One request that reached this instance. Tokens are never kept: only whose they are. */
export interface LoggedRequest {
  id: number;
  at: string;
  method: string;
  /** Path and query as asked, root path included. */
  path: string;
  /** Absent while there is no answer. 0: the connection ended without one. */
  status?: number;
  durationMs?: number;
  account: string;
}

const KEPT = 20_000;

/** Requests to the API, oldest first; those to the simulator's own `/_simulator` are not among them. */
export class RequestLog {
  private entries: LoggedRequest[] = [];
  private count = 0;

  begin(entry: Omit<LoggedRequest, 'id'>): LoggedRequest {
    this.count += 1;
    const logged: LoggedRequest = { id: this.count, ...entry };
    this.entries.push(logged);
    if (this.entries.length > KEPT) this.entries.shift();
    return logged;
  }

  list(): LoggedRequest[] {
    return this.entries.map((entry) => ({ ...entry }));
  }

  clear(): void {
    this.entries = [];
  }
}
