/**
 * The public API as the page uses it. The session cookie goes along by itself.
 *
 * @module
 */

/** A refusal in the server's words. */
export class ApiError extends Error {
  /** The HTTP status; 0: the server was not reached. */
  readonly status: number;
  /** The position to resume after, of a stream. */
  readonly resumeSeq: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, problem: { readonly detail?: string; readonly resume_seq?: number; readonly retry_after_ms?: number }) {
    super(problem.detail ?? (status === 0 ? "The server cannot be reached" : `The server answered with ${status}`));
    this.status = status;
    this.resumeSeq = problem.resume_seq;
    this.retryAfterMs = problem.retry_after_ms;
  }

  /** This server has no such service. */
  get isMissing(): boolean {
    return this.status === 501 || (this.status === 404 && /^There is nothing at/.test(this.message));
  }

  /** The same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** What a request says. */
export interface ApiRequest {
  readonly method?: string;
  /** Left out where undefined or empty. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Called whenever a request was refused for want of a credential. */
export const signedOut: { listener: () => void } = { listener: () => {} };

/** Asks, and gives the answer unread; throws {@link ApiError}. */
export async function send(path: string, { method = "GET", query = {}, body, headers = {}, signal }: ApiRequest = {}): Promise<Response> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  const response = await fetch(search.size === 0 ? path : `${path}?${search}`, {
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error) => {
    signal?.throwIfAborted();
    throw new ApiError(0, { detail: error instanceof TypeError ? "The server cannot be reached" : String(error) });
  });
  if (!response.ok) await refuse(response);
  return response;
}

/** Asks, and gives the answer's JSON. */
export async function ask<T>(path: string, request: ApiRequest = {}): Promise<T> {
  const response = await send(path, request);
  return response.status === 204 ? undefined as T : await response.json();
}

/** What went wrong, in a sentence. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function refuse(response: Response): Promise<never> {
  const problem = await response.json().catch(() => ({}));
  const error = new ApiError(response.status, problem);
  if (error.status === 401) signedOut.listener();
  throw error;
}
