import type { TokenLife } from '../../config/token-expiry.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Feed } from './feed.js';

const dayMs = 86_400_000;

export interface TokenWatchOptions {
  cluster: string;
  feed: Feed;
  log: Logger;
  /** Of the token in use; undefined for one that does not say. Must not throw. */
  tokenLife: () => Promise<TokenLife | undefined>;
}

/**
 * Knows when the token of a cluster expires: an open stream outlives it, so nothing else would show before the next
 * request fails. Says so a day before, but not of a token that is never good for longer: somebody renews that anyway.
 */
export class TokenWatch {
  private warnedOfMs?: number;

  constructor(
    private readonly options: TokenWatchOptions,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Milliseconds until it expires; infinite when it does not say, or has expired. */
  async look(): Promise<number> {
    const { feed, tokenLife } = this.options;
    const life = await tokenLife();
    const leftMs = life ? life.expiresAt.getTime() - this.nowMs() : Infinity;
    if (life && leftMs > 0 && leftMs <= dayMs && !isShortLived(life)) this.warn(life.expiresAt);
    else feed.setNotice(undefined);
    return leftMs > 0 ? leftMs : Infinity;
  }

  private warn(expiresAt: Date): void {
    const { feed, log, cluster } = this.options;
    const notice = `its token expires at ${expiresAt.toISOString()}`;
    feed.setNotice(notice);
    if (this.warnedOfMs === expiresAt.getTime()) return;
    this.warnedOfMs = expiresAt.getTime();
    log.warn({ cluster, expiresAt: expiresAt.toISOString() }, 'the token of this cluster expires soon; renew it');
  }
}

const isShortLived = ({ issuedAt, expiresAt }: TokenLife): boolean =>
  issuedAt !== undefined && expiresAt.getTime() - issuedAt.getTime() <= dayMs;
