/**
 * One request to a model server and what came back, as a file that people can read and send on: without the key, without the address.
 *
 * @module
 */

/** Makes requests as `fetch` does. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Bytes that came at once: as text where they are UTF-8 by themselves, else as base64. */
export type Chunk = { readonly at_ms: number; readonly text: string } | { readonly at_ms: number; readonly base64: string };

/** What a file holds. Times count from the sending of the request. */
export interface Exchange {
  readonly provider: string;
  readonly recorded_at: string;
  /** SHA-256 of the request's body, in hexadecimal. */
  readonly request_hash: string;
  /** The body. */
  readonly request: unknown;
  /** Absent: no answer came. */
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly Chunk[];
  };
  /** `complete`: the server ended it; `cancelled`: this side did; `failed`: the connection broke, or there was none. */
  readonly end: "complete" | "cancelled" | "failed";
  readonly at_ms: number;
}

/** Names of the headers that say how an answer is to be read. */
export const KEPT_HEADERS = ["content-type", "retry-after"] as const;

/** The body of a request as it is sent; requests are JSON texts. */
export function bodyOf(init: RequestInit | undefined): string {
  return typeof init?.body === "string" ? init.body : "";
}

/** Tells requests apart. */
export async function hashOf(body: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body))).toHex();
}

/** Bytes as a file says them. */
export function toChunk(bytes: Uint8Array<ArrayBuffer>, atMs: number): Chunk {
  try {
    return { at_ms: atMs, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { at_ms: atMs, base64: bytes.toBase64() };
  }
}

/** The bytes that a file says. */
export function fromChunk(chunk: Chunk): Uint8Array<ArrayBuffer> {
  return "text" in chunk ? new TextEncoder().encode(chunk.text) : Uint8Array.fromBase64(chunk.base64);
}
