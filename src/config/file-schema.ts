import { z } from 'zod';
import { originProblem, urlProblem } from './addresses.js';
import { clusterSchema, defaultsSchema } from './cluster-schema.js';
import { defaultKeyPrefix, defaultServer } from './defaults.js';
import { selectorLengthMax, selectorPattern, selectorTermsMax } from './names.js';
import { checked, redisSource } from './source-schema.js';

const starsMax = 10;
const hasFewStars = (glob: string): boolean => glob.split('*').length <= starsMax + 1;

const hostName = z
  .string()
  .regex(
    /^[A-Za-z0-9:]([A-Za-z0-9._:-]{0,252})?$/,
    'must be a host name or an address, without scheme, port and brackets',
  );

const globs = (pattern: RegExp, what: string) =>
  z
    .array(
      z.string().regex(pattern, `must be a ${what}, * and ? allowed`).refine(hasFewStars, 'has more than 10 stars'),
    )
    .min(1)
    .max(100);

const hashPattern = /^sha256:[0-9a-f]{64}$/;

function hashProblem(text: string): string | undefined {
  if (hashPattern.test(text)) return undefined;
  if (text.startsWith('afm_'))
    return 'is a key itself; put its hash here, and better that of a new key: this one stood in a file';
  return 'must be sha256: and 64 hexadecimal digits, as `argocd-fleet-mcp key` prints it';
}

const apiKey = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][-A-Za-z0-9_.@]{0,62}$/, 'must be 1 to 63 letters, digits, - _ . @')
      .refine((name) => name !== 'local', '"local" is the name of callers without a key')
      .describe('Who it belongs to; stands in logs'),
    hash: checked(hashProblem).meta({
      pattern: hashPattern.source,
      description: 'SHA-256 of the key, as `argocd-fleet-mcp key` prints it; never the key itself',
    }),
    role: z
      .enum(['viewer', 'operator', 'admin'])
      .describe('viewer reads, operator also changes, admin also does what cannot be undone'),
    clusters: z
      .string()
      .max(selectorLengthMax)
      .regex(selectorPattern, 'must be a comma list of names, globs (eu-*), labels (env=prod) and exclusions (!eu-dev)')
      .refine((text) => text.split(',').length <= selectorTermsMax, `has more than ${selectorTermsMax} terms`)
      .refine((text) => text.split(',').every(hasFewStars), 'has a term with more than 10 stars')
      .optional()
      .describe('Clusters that the key may see: names, globs, labels, exclusions. Left out: all'),
    projects: globs(/^[A-Za-z0-9._*?-]{1,253}$/, 'project name')
      .optional()
      .describe('Projects that the key may see: globs. Left out: all'),
    tools: globs(/^[a-z0-9_*?]{1,64}$/, 'tool name')
      .optional()
      .describe('Tools that the key may call: globs. Left out: all that its role allows'),
  })
  .describe('One API key');

const server = z
  .strictObject({
    host: hostName.optional().meta({
      default: defaultServer.host,
      description: 'Address to listen at. Beyond this machine only with apiKeys',
    }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .meta({ default: defaultServer.port, description: 'Port to listen at; 0 takes a free one' }),
    publicUrl: checked(urlProblem).optional().describe('Address by which clients reach this server, if it is another'),
    allowedHosts: z
      .array(hostName)
      .max(100)
      .optional()
      .meta({ default: [], description: 'Further host names that requests may carry in Host and Origin' }),
    corsOrigins: z.array(checked(originProblem)).max(100).optional().meta({
      default: [],
      description: 'Origins of web pages that may use this server, for example https://portal.example.com',
    }),
    readOnly: z
      .boolean()
      .optional()
      .meta({ default: defaultServer.readOnly, description: 'Offer no tool that changes anything, to nobody' }),
    apiKeys: z
      .array(apiKey)
      .max(1000)
      .optional()
      .meta({ default: [], description: 'Keys of callers; made by `argocd-fleet-mcp key`' }),
  })
  .describe('How this server is reached');

const redis = z
  .strictObject({
    cache: redisSource.optional().describe('Redis for the last known state. Left out: in memory, gone at a restart'),
    queue: redisSource
      .optional()
      .describe('Redis for jobs (noeviction, append-only file). Left out: in memory, jobs end with the process'),
    keyPrefix: z
      .string()
      .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]{0,63}$/, 'must be letters, digits, - _ .')
      .optional()
      .meta({ default: defaultKeyPrefix, description: 'Prefix of every key in Redis' }),
  })
  .describe('Where state and jobs are kept');

/** The configuration file, as it is written. Cross-checks that no JSON schema can say are in `cross-checks.ts`. */
export const fileSchema = z
  .strictObject({
    server: server.optional(),
    redis: redis.optional(),
    defaults: defaultsSchema.optional(),
    clusters: z.array(clusterSchema).min(1).max(1000).describe('The fleet: every Argo CD instance'),
  })
  .meta({ title: 'Configuration of argocd-fleet-mcp', description: 'Configuration of argocd-fleet-mcp' });

/** What a valid file holds. */
export type ConfigFile = z.output<typeof fileSchema>;
