import { errorCatalogue, type ErrorCode } from './catalogue.js';

/** Plain data about an error, shown to the caller. Never a secret, a stack or an address of ours. */
export type ErrorDetails = Record<string, unknown>;

/**
 * The only error that reaches callers. `message` is our sentence for them, `details` is data,
 * `cause` is for the log alone. Anything else that is thrown is shown as `internal`.
 */
export class AppError extends Error {
  override readonly name = 'AppError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options: { cause?: unknown; hint?: string } = {},
  ) {
    super(message, options);
    this.hint = options.hint;
  }

  /** What the caller can do, where the catalogue's hint does not fit. */
  readonly hint?: string;

  get http(): number {
    return errorCatalogue[this.code].http;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }

  /** Keeps an AppError as it is and hides everything else behind `internal`. */
  static from(error: unknown): AppError {
    if (error instanceof AppError) return error;
    return new AppError('internal', 'The server failed on this call.', {}, { cause: error });
  }
}
