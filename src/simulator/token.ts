import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Claims {
  iss: string;
  sub: string;
  iat: number;
  nbf?: number;
  exp?: number;
  jti?: string;
}

/** Why a token does not count. `notAToken`: it does not even look like one and is passed over. */
export type TokenFault = 'notAToken' | 'signature' | 'expired';

/** A JWT signed with HS256, as Argo CD gives out. */
export function signToken(claims: Claims, secret: Buffer): string {
  const head = encode({ alg: 'HS256', typ: 'JWT' });
  const body = encode(claims);
  return `${head}.${body}.${signature(`${head}.${body}`, secret)}`;
}

/** The claims of a token, or why they do not count. `nowSeconds` decides about expiry. */
export function readToken(token: string, secret: Buffer, nowSeconds: number): Claims | TokenFault {
  const [head, body, sign, ...more] = token.split('.');
  if (!head || !body || !sign || more.length > 0) return 'notAToken';
  let claims: Claims;
  try {
    JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
    claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims;
  } catch {
    return 'notAToken';
  }
  const expected = Buffer.from(signature(`${head}.${body}`, secret));
  const given = Buffer.from(sign);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return 'signature';
  if (claims.exp !== undefined && claims.exp <= nowSeconds) return 'expired';
  return claims;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(text: string, secret: Buffer): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}
