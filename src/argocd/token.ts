import { AppError } from '../errors/app-error.js';
import { failure } from './failure.js';

/** A token as an upstream may echo it. */
export function formsOf(token: string): string[] {
  const base64 = [token, `Bearer ${token}`].map((text) => Buffer.from(text).toString('base64').replace(/=+$/, ''));
  return [token, ...base64];
}

/** Reads a token and holds it against what a header can carry. Throws `cluster_refused`. */
export async function readToken(read: () => Promise<string>): Promise<string> {
  let token: string;
  try {
    token = await read();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw failure('cluster_refused', 'credentials', 'The token of this cluster could not be read.');
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw failure('cluster_refused', 'credentials', 'The token of this cluster is empty or no header can carry it.');
}
