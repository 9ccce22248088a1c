/** An RFC 9457 problem document of the API, or a failure to reach it (`status` 0). */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
    readonly requestId: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail || title);
    this.name = "ApiProblem";
  }
}

/** What is wrong with one field of a request; `field` is its path, such as `symbols.0`. */
export interface FieldError {
  readonly in: string;
  readonly field: string;
  readonly detail: string;
}

/** Whether a request failed because Thor does not know who sent it. */
export function lacksLogin(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

/** The problem that an answer tells; whatever is not a problem document is told by its status alone. */
export async function problemOf(response: Response, body: unknown): Promise<ApiProblem> {
  const told = isRecord(body) ? body : {};
  const retry = Number(response.headers.get("Retry-After"));
  return new ApiProblem(
    response.status,
    textOf(told.title) ?? response.statusText,
    textOf(told.detail) ?? `the server answered ${response.status} ${response.statusText}`.trim(),
    Array.isArray(told.errors) ? told.errors.filter(isFieldError) : [],
    textOf(told.request_id),
    Number.isFinite(retry) && retry > 0 ? retry : null,
  );
}

/** The problem of a request that reached nobody. */
export function unreachable(cause: unknown): ApiProblem {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new ApiProblem(0, "Thor cannot be reached", `Thor does not answer (${said}): is it running?`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value.field === "string" && typeof value.detail === "string";
}
