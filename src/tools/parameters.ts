import { z } from 'zod';
import { didYouMean, suggest } from '../errors/suggest.js';

/** Arguments that several tools share: the same name means the same thing everywhere. */

const nameMax = 253;

/** A name as Kubernetes allows it; anything else cannot exist and is refused before it travels. */
const kubernetesName = z
  .string()
  .min(1)
  .max(nameMax)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a Kubernetes name: lower-case letters, digits, - and .');

export const application = kubernetesName.describe('Name of the application');

export const namespace = kubernetesName
  .optional()
  .describe(
    "The application's own namespace (where its Application object lives, not where it deploys to); needed only if two share a name",
  );

/** `cluster` of a tool on one application. */
export const clusterName = z
  .string()
  .min(1)
  .max(63)
  .optional()
  .meta({ 'x-mcp-header': 'Cluster' })
  .describe('Name of the cluster (Argo CD instance); may be left out if only one has the application');

/** `cluster` of a tool on many. */
export const clusterSelector = z
  .string()
  .min(1)
  .max(1000)
  .optional()
  .meta({ 'x-mcp-header': 'Cluster' })
  .describe(
    'Which clusters: comma list of names, globs (eu-*), labels (env=prod; different keys must all hold), exclusions (!eu-dev); absent = all',
  );

/**
 * The words of a closed set in a comma list, upper and lower case alike; what is none of them becomes an issue that says
 * which there are. `only`: one word, no list. `orElse`: what else may stand there.
 */
export function wordsOf<const T extends string>(
  values: readonly T[],
  given: string,
  context: { addIssue(issue: { code: 'custom'; message: string }): void },
  { only = false, orElse }: { only?: boolean; orElse?: string } = {},
): T[] {
  const found: T[] = [];
  for (const part of (only ? [given] : given.split(',')).map((word) => word.trim())) {
    const value = values.find((candidate) => candidate.toLowerCase() === part.toLowerCase());
    if (value) found.push(value);
    else {
      const known = `${values.join(', ')}${orElse ? ` or ${orElse}` : ''}`;
      const message = `"${shown(part)}" is none of ${known}.${didYouMean(suggest(part, values))}`;
      context.addIssue({ code: 'custom', message: message.replace(/\.$/, '') });
    }
  }
  return found;
}

const shown = (word: string): string => (word.length > 60 ? `${word.slice(0, 60)}…` : word);

/**
 * One or several of a closed set of words as a comma list, upper and lower case alike: `Degraded,Missing`. A string and
 * not an array, so that it reads the same in a query string and in a tool call.
 */
export const oneOrMoreOf = <const T extends string>(values: readonly T[], what: string) =>
  z
    .string()
    .min(1)
    .max(200)
    .transform((text, context): T[] => wordsOf(values, text, context))
    .describe(`${what}: comma list of ${values.join(', ')}`);

export const limit = z.int().min(1).max(200).default(20).describe('How many to return');

export const cursor = z
  .string()
  .min(1)
  .max(2000)
  .optional()
  .describe('nextCursor of the previous answer, with the same filters');

export const jobId = z.string().min(1).max(100).describe('Id of the job');

/** Longest time a call waits; some clients give a call up at 60 s. */
export const timeoutSecondsMax = 50;

export const timeoutSeconds = z
  .int()
  .min(0)
  .max(3600)
  .default(25)
  .describe(`Seconds to wait at most; more than ${timeoutSecondsMax} counts as ${timeoutSecondsMax}`);
