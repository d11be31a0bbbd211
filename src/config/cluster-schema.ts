import { z } from 'zod';
import { urlProblem } from './addresses.js';
import { defaultLimits } from './defaults.js';
import { clusterNamePattern, labelKeyPattern, labelValuePattern } from './names.js';
import { checked, filePath, tokenSource } from './source-schema.js';

/** What the client sets itself, or what would change how a request is read. */
const ownHeaders = new Set(
  'authorization host content-length content-type transfer-encoding connection keep-alive upgrade te trailer expect accept accept-encoding proxy-authorization proxy-connection grpc-timeout'.split(
    ' ',
  ),
);

const labels = z
  .record(
    z.string().regex(labelKeyPattern, 'is no label name: letters, digits and - _ . / inside, at most 63'),
    z.string().regex(labelValuePattern, 'is no label value: letters, digits and - _ . inside, at most 63'),
  )
  .describe('Labels to select clusters by, for example `env: prod`');

const headers = z
  .record(
    z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'is no header name')
      .refine((name) => !ownHeaders.has(name.toLowerCase()), 'is a header that this server sets itself'),
    z
      .string()
      .max(8192)
      .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII in one line'),
  )
  .describe('Headers sent to Argo CD with every request, for example for a proxy in front of it');

const tls = z
  .strictObject({
    caFile: filePath
      .optional()
      .describe('PEM file of the certificate authorities to trust instead of those of the system'),
    certFile: filePath.optional().describe('PEM file of a client certificate; needs keyFile'),
    keyFile: filePath.optional().describe("PEM file of the client certificate's key; needs certFile"),
    insecureSkipVerify: z
      .boolean()
      .optional()
      .meta({ default: false, description: 'Accept any certificate. Whoever is between can then read the token' }),
  })
  .describe('TLS to Argo CD');

const milliseconds = (key: keyof typeof defaultLimits, max: number, description: string) =>
  z.int().min(100).max(max).optional().meta({ default: defaultLimits[key], description });

const limits = z
  .strictObject({
    timeoutMs: milliseconds('timeoutMs', 600_000, 'Milliseconds for one request, its body included'),
    connectTimeoutMs: milliseconds('connectTimeoutMs', 120_000, 'Milliseconds to open a connection'),
    concurrentRequests: z
      .int()
      .min(1)
      .max(256)
      .optional()
      .meta({ default: defaultLimits.concurrentRequests, description: 'Requests under way at once, streams apart' }),
    responseBytesMax: z
      .int()
      .min(64 * 1024)
      .max(2 ** 30)
      .optional()
      .meta({
        default: defaultLimits.responseBytesMax,
        description: 'Bytes of one answer, decompressed, and of one stream frame',
      }),
    streamIdleMs: milliseconds(
      'streamIdleMs',
      3_600_000,
      'Milliseconds without a byte after which a stream is given up; Argo CD sends a keep-alive every 15 s',
    ),
    streamHeaderMs: milliseconds(
      'streamHeaderMs',
      600_000,
      "Milliseconds to wait for a stream's first byte before polling instead",
    ),
    relistMs: milliseconds(
      'relistMs',
      86_400_000,
      'Milliseconds between two complete lists that find what a stream lost',
    ),
  })
  .describe('Limits of the traffic to Argo CD');

const readOnly = z
  .boolean()
  .optional()
  .meta({ default: false, description: 'Refuse every change of applications of this cluster' });

const common = {
  labels: labels.optional(),
  tls: tls.optional(),
  headers: headers.optional(),
  readOnly,
  limits: limits.optional(),
};

export const defaultsSchema = z
  .strictObject(common)
  .describe(
    'Settings of all clusters. What a cluster says itself wins, field by field inside labels, tls, headers and limits',
  );

export const clusterSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        clusterNamePattern,
        'must be 1 to 63 lower-case letters, digits, - and . , beginning and ending with a letter or digit',
      )
      .describe('Name of the cluster, the `cluster` argument of every tool'),
    url: checked(urlProblem).describe(
      'Address of Argo CD, with its path prefix if it has one: https://argocd.example.com/argocd',
    ),
    token: tokenSource.describe('Where the Argo CD API token comes from; never the token itself'),
    ...common,
  })
  .describe('One Argo CD instance');
