import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import type { AppError } from '../errors/app-error.js';
import { translateAnswer } from './errors.js';
import { failure, type FailedAnswer, type RequestFacts } from './failure.js';
import { readBody } from './read-body.js';
import { notArgoCd } from './refusal.js';

/** Bytes of an answer that is no success: more is not needed to say what went wrong. */
const errorBytesMax = 256 * 1024;

/** Reads an answer that is no success, as far as that goes: what cannot be read is no reason to lose the status. */
export async function failedAnswer(response: Dispatcher.ResponseData): Promise<FailedAnswer> {
  const body = await readBody(response.body, encodingOf(response), errorBytesMax).catch(() => '');
  return { status: response.statusCode, contentType: contentTypeOf(response), body };
}

/** The answer as the schema has it; everything else is an AppError. */
export function parseAnswer<T>(answer: FailedAnswer, schema: z.ZodType<T>, facts: RequestFacts): T {
  if (answer.status !== 200) throw translateAnswer(answer, facts);
  const doubt = facts.isChange ? { maybeAccepted: true } : {};
  notAPage(answer, doubt);
  let value: unknown;
  try {
    value = JSON.parse(answer.body);
  } catch {
    throw failure('cluster_unreachable', 'garbage', 'The cluster answers with something that is not JSON.', doubt);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.').slice(0, 100);
  throw failure('cluster_unreachable', 'garbage', "The cluster's answer does not have the shape of Argo CD's.", {
    ...doubt,
    ...(at ? { at } : {}),
  });
}

/** Throws for a page in answer to a request of the API: something else stands there. */
export function notAPage({ contentType }: { contentType: string }, details: AppError['details'] = {}): void {
  if (!/text\/html/i.test(contentType)) return;
  const [code, reason, message] = notArgoCd(200);
  throw failure(code, reason, message, details);
}

export const contentTypeOf = (response: Dispatcher.ResponseData): string =>
  single(response.headers['content-type']) ?? '';

/** What the clock of the server showed, to the second. */
export function dateOf(response: Dispatcher.ResponseData): Date | undefined {
  const ms = Date.parse(single(response.headers['date']) ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

export const encodingOf = (response: Dispatcher.ResponseData): string | undefined =>
  single(response.headers['content-encoding']);

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
