/** A gRPC status that a handler ends with. Codes as in google.golang.org/grpc/codes. */
export class GrpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** How grpc-gateway v1 turns a code into an HTTP status. Note 9 (FailedPrecondition): 400. */
const HTTP_STATUS: Record<number, number> = {
  1: 408,
  2: 500,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};
const STATUS_TEXT: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export function httpStatusOf(code: number): number {
  return HTTP_STATUS[code] ?? 500;
}

/** The body of a failed call: `error` is a text. */
export function unaryErrorBody({ code, message }: GrpcError): string {
  return JSON.stringify({ error: message, code, message });
}

/** The frame of a failed stream: `error` is an object. */
export function streamErrorFrame({ code, message }: GrpcError): Record<string, unknown> {
  const status = httpStatusOf(code);
  return { error: { grpc_code: code, http_code: status, message, http_status: STATUS_TEXT[status] } };
}

export const permissionDenied = (): GrpcError => new GrpcError(7, 'permission denied');
export const applicationNotFound = (name: string): GrpcError =>
  new GrpcError(5, `applications.argoproj.io "${name}" not found`);
export const notAllowedInProject = (project: string): GrpcError =>
  new GrpcError(3, `app is not allowed in project "${project}", or the project does not exist`);
export const deadlineExceeded = (): GrpcError => new GrpcError(4, 'context deadline exceeded');
