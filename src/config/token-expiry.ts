import { decodeJwt } from 'jose';

/** From when to when a token is good, as it says itself. */
export interface TokenLife {
  issuedAt?: Date;
  expiresAt: Date;
}

/** When a JWT expires; undefined for one without `exp` and for anything that is no JWT. Verifies nothing. */
export const expiryOf = (token: string): Date | undefined => lifeOf(token)?.expiresAt;

/** As `expiryOf`, with its beginning where it says that too. */
export function lifeOf(token: string): TokenLife | undefined {
  try {
    const { exp, iat } = decodeJwt(token);
    const [expiresAt, issuedAt] = [timeOf(exp), timeOf(iat)];
    return expiresAt && { expiresAt, ...(issuedAt ? { issuedAt } : {}) };
  } catch {
    return undefined;
  }
}

function timeOf(seconds: unknown): Date | undefined {
  if (typeof seconds !== 'number') return undefined;
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
