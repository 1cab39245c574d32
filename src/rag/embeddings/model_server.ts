import { abortError, ChatError, type ErrorCode } from "../../core/errors.ts";
import { pause } from "../../core/pause.ts";

/** Where a model is served and how patient to be with it. */
export interface ModelServerOptions {
  /** Such as `http://127.0.0.1:8080/v1`; the method's name is put after it. */
  readonly baseUrl: string;
  /** Sent as a bearer token; never shown. */
  readonly apiKey?: string;
  readonly model: string;
  /** Milliseconds for one attempt, the answer's body included. Default 30,000: a busy machine without an accelerator takes seconds for a batch. */
  readonly timeoutMs?: number;
  /** Attempts in all before giving up. Default 3. */
  readonly attempts?: number;
  /** In place of the global one, for tests and proxies. */
  readonly fetch?: typeof fetch;
}

/** A refusal of the server, by its HTTP status. */
export class ModelServerError extends ChatError {
  readonly status: number;

  constructor(code: ErrorCode, message: string, { status, retryAfterMs }: { readonly status: number; readonly retryAfterMs?: number }) {
    super(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
    this.status = status;
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_ATTEMPTS = 3;
const FIRST_WAIT_MS = 200;
/** A server that asks for more is as good as down for the call at hand. */
const MAX_WAIT_MS = 10_000;
/** Two thousand vectors of two thousand numbers. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const SHOWN_UNITS = 200;

/** Speaks JSON over HTTP with a model's server: deadlines, and another attempt after what may pass. */
export class ModelServer {
  readonly #options: ModelServerOptions;
  readonly #name: string;

  /** `role` names it in errors, such as "embedding server". */
  constructor(role: string, options: ModelServerOptions) {
    this.#options = options;
    this.#name = `The ${role} at ${new URL(options.baseUrl).host}`;
  }

  /** Posts to `path` under the base address. Throws as `Embedder` says. */
  async post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const attempts = this.#options.attempts ?? DEFAULT_ATTEMPTS;
    for (let attempt = 1;; attempt++) {
      if (signal.aborted) throw abortError(signal);
      try {
        return await this.#attempt(path, body, signal);
      } catch (error) {
        if (!(error instanceof ChatError) || error.code !== "unavailable" || attempt >= attempts) throw error;
        const waitMs = error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
        if (waitMs > MAX_WAIT_MS) throw error;
        await pause(waitMs, signal);
      }
    }
  }

  /** The error of an answer that is not what was asked for. */
  wrong(problem: string): ChatError {
    return new ChatError("failed_precondition", `${this.#name} ${problem}`);
  }

  async #attempt(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const { baseUrl, apiKey, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      const response = await (this.#options.fetch ?? fetch)(`${baseUrl.replace(/\/+$/, "")}/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
        body: JSON.stringify(body),
        // A redirect would take the key elsewhere.
        redirect: "error",
        signal: AbortSignal.any([signal, late.signal]),
      });
      const text = await readText(response);
      if (!response.ok) throw this.#refusal(response, text ?? "");
      return this.#parsed(text);
    } catch (error) {
      if (error instanceof ChatError) throw error;
      if (signal.aborted) throw abortError(signal);
      if (late.signal.aborted) throw new ChatError("unavailable", `${this.#name} did not answer within ${timeoutMs} ms`, { cause: error });
      throw new ChatError("unavailable", `${this.#name} cannot be reached`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #parsed(text: string | undefined): unknown {
    if (text === undefined) throw this.wrong(`answered with more than ${MAX_ANSWER_BYTES} bytes`);
    try {
      return JSON.parse(text);
    } catch {
      throw this.wrong(`answered something else than JSON: ${this.#shown(text)}`);
    }
  }

  #refusal({ status, headers }: Response, text: string): ModelServerError {
    const passing = status === 408 || status === 425 || status === 429 || status >= 500;
    const retryAfterMs = passing ? retryAfter(headers.get("retry-after")) : undefined;
    const message = `${this.#name} answered with status ${status}: ${this.#shown(text)}`;
    return new ModelServerError(passing ? "unavailable" : "failed_precondition", message, {
      status,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** Servers quote the key that they refuse. */
  #shown(text: string): string {
    const { apiKey } = this.#options;
    return JSON.stringify((apiKey ? text.replaceAll(apiKey, "***") : text).slice(0, SHOWN_UNITS).toWellFormed());
  }
}

/** The body; undefined when it is larger than any answer may be. */
async function readText(response: Response): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** Seconds or a date, as RFC 9110 has it; in milliseconds. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
