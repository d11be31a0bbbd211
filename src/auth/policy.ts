import type { Role } from '../config/config.js';
import { AppError } from '../errors/app-error.js';
import type { Effect } from '../tools/tool.js';
import type { Caller } from './caller.js';

/** What each role may do. Data, so that it can be read at a glance and shown in the documentation. */
export const effectsOf: Readonly<Record<Role, readonly Effect[]>> = {
  viewer: ['read'],
  operator: ['read', 'change'],
  admin: ['read', 'change', 'destroy'],
};

/** The part of a tool that decides who may call it. */
export interface Authorisable {
  name: string;
  effect: Effect;
}

/**
 * Why a caller may not call a tool: `read_only` on a read-only server, `forbidden` for the key's tools and role;
 * nothing if it may. A read-only server says so to everybody first, because no other key would help.
 *
 * A tool is listed exactly if this gives nothing. What is not listed can still be named by who knows it from elsewhere,
 * and is then refused with this error, not called unknown: tools are public, unlike clusters and applications.
 */
export function authorise(
  caller: Pick<Caller, 'role' | 'tool'>,
  tool: Authorisable,
  server: { readOnly: boolean },
): AppError | undefined {
  if (server.readOnly && tool.effect !== 'read') {
    return new AppError('read_only', `This server is read-only: ${tool.name} is not offered here.`);
  }
  if (!caller.tool(tool.name)) {
    return new AppError('forbidden', `This API key may not call ${tool.name}: its tools do not include it.`);
  }
  if (!effectsOf[caller.role].includes(tool.effect)) {
    const wanted = tool.effect === 'change' ? 'operator or admin' : 'admin';
    return new AppError('forbidden', `The role ${caller.role} may not call ${tool.name}: it needs ${wanted}.`);
  }
  return undefined;
}

/** True exactly if a call would be authorised. */
export function isAllowed(
  caller: Pick<Caller, 'role' | 'tool'>,
  tool: Authorisable,
  server: { readOnly: boolean },
): boolean {
  return authorise(caller, tool, server) === undefined;
}
