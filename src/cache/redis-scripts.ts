import type { Redis } from 'ioredis';
import { storeScripts } from './store-scripts.js';

type ScriptName = keyof typeof storeScripts;

/** Makes the scripts of the store known to a client; sends nothing. */
export function defineScripts(client: Redis): void {
  for (const [name, lua] of Object.entries(storeScripts)) client.defineCommand(name, { lua });
}

/** Runs a script on a client that knows it. */
export function runScript(
  client: Redis,
  name: ScriptName,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<unknown> {
  const scripts = client as Redis & Record<ScriptName, (...args: (string | number)[]) => Promise<unknown>>;
  return scripts[name](keys.length, ...keys, ...values);
}
