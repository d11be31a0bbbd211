import { decodeJwt } from 'jose';

/** When a JWT expires; undefined for one without `exp` and for anything that is no JWT. Verifies nothing. */
export function expiryOf(token: string): Date | undefined {
  try {
    const { exp } = decodeJwt(token);
    if (typeof exp !== 'number') return undefined;
    const date = new Date(exp * 1000);
    return Number.isNaN(date.getTime()) ? undefined : date;
  } catch {
    return undefined;
  }
}
