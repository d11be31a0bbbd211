import { z } from 'zod';
import { normaliseUrl, urlProblem } from './addresses.js';
import { ConfigError } from './config-error.js';
import { readTextFile } from './read-text-file.js';
import { readSecret } from './secret-value.js';

export interface TokenRegistry {
  instances: { url: string; token: string }[];
  /** All that is wrong, by entry. Never with a token in it. */
  problems: string[];
  isReadableByOthers: boolean;
}

const entriesMax = 1000;
const entrySchema = z.object({ baseUrl: z.string().max(2048), token: z.string() });

/**
 * Reads the official server's token registry: a JSON list of `{baseUrl, token}`. The official server ignores a bad file
 * or entry; here it is a problem, because a cluster that is silently missing looks like a cluster that does not exist.
 */
export function readTokenRegistry(path: string): TokenRegistry {
  const registry: TokenRegistry = { instances: [], problems: [], isReadableByOthers: false };
  let list: unknown;
  try {
    const { text, isReadableByOthers } = readTextFile(path);
    registry.isReadableByOthers = isReadableByOthers;
    list = JSON.parse(text);
  } catch (error) {
    const why = error instanceof ConfigError ? error.problems[0]?.message : undefined;
    registry.problems.push(`names a file that ${why ?? 'is no valid JSON'}`);
    return registry;
  }
  if (!Array.isArray(list) || list.length === 0 || list.length > entriesMax) {
    registry.problems.push(`names a file that must hold a list of 1 to ${entriesMax} entries {"baseUrl", "token"}`);
    return registry;
  }
  list.forEach((entry: unknown, index) => {
    const problem = addEntry(registry, entry);
    if (problem !== undefined) registry.problems.push(`entry ${index + 1}: ${problem}`);
  });
  return registry;
}

function addEntry({ instances }: TokenRegistry, entry: unknown): string | undefined {
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) return 'must hold the texts baseUrl and token';
  const baseUrl = parsed.data.baseUrl.trim();
  const wrong = urlProblem(baseUrl);
  if (wrong !== undefined) return `baseUrl ${wrong}`;
  const token = readSecret(parsed.data.token);
  if ('problem' in token) return `token ${token.problem}`;
  const url = normaliseUrl(baseUrl);
  if (instances.some((other) => other.url === url)) return 'baseUrl stands in an earlier entry too';
  instances.push({ url, token: token.secret });
  return undefined;
}
