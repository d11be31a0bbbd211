/**
 * Gives the token of one cluster. Both methods may be called by many requests at once; doing the work only once is
 * the source's business. A rejection must say nothing of the secret; an `AppError` is passed on as it is.
 */
export interface CredentialSource {
  /** The token to use now. Called before every request, so it should be cached. */
  get(): Promise<string>;
  /** A fresh token after Argo CD refused the current one; the same token when there is no other. */
  renew(): Promise<string>;
}
