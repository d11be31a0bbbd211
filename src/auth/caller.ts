import type { Role } from '../config/config.js';
import type { Scope } from '../fleet/scope.js';

/** Who is calling: identity plus what it may do. Made by `auth/`, read by the gate alone. */
export interface Caller {
  /** Name of the API key, or `local` where the server has no keys (stdio, loopback). */
  name: string;
  role: Role;
  scope: Scope;
  /** True if the tool may be called as far as the key's `tools` globs go. */
  tool(name: string): boolean;
}
