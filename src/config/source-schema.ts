import { z } from 'zod';

/** Where secrets stand in the file. Values of secrets do not. */

export const envName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
    'must be the name of an environment variable (letters, digits and _), not its value',
  )
  .describe('Name of an environment variable that holds it; read once, at the start');

/** A text, checked by a function that names the problem. */
export const checked = (problemOf: (text: string) => string | undefined) =>
  z
    .string()
    .max(2048)
    .superRefine((text, context) => {
      const message = problemOf(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });

export const filePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0'), 'must not hold a null character');

const env = z.strictObject({ env: envName }).describe('From an environment variable');

const file = z
  .strictObject({
    file: filePath.describe('File that holds it, relative to this file; read again when it changes'),
  })
  .describe('From a file, for example a mounted Kubernetes secret');

const command = z
  .strictObject({
    command: z
      .array(
        z
          .string()
          .max(32_768)
          .refine((part) => !part.includes('\0'), 'must not hold a null character'),
      )
      .min(1)
      .max(100)
      .describe(
        'Program and arguments that print it; run without a shell, for 10 s at most, again 60 s before a JWT expires or when Argo CD refuses it',
      ),
  })
  .describe('From a program');

/** Exactly one of the three. A text is refused: see `explainSource`. */
export const tokenSource = z.union([env, file, command]);

/** Scheme, host and, where wanted, user, password, port, database number and query. */
export const redisAddressPattern = /^rediss?:\/\/[^\s/?#]+(\/\d{0,4})?(\?\S*)?$/i;

export const redisSource = z.union([
  z
    .string()
    .regex(redisAddressPattern, 'must be an address such as redis://host:6379/0 or rediss://host:6380')
    .describe('Address such as redis://host:6379/0; one with a password is better kept in {env} or {file}'),
  env,
  file,
]);
