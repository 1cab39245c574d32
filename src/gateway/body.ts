import type { Context } from "hono";
import { abortError, ChatError } from "../core/errors.ts";
import { joinBytes } from "./bytes.ts";
import type { Call, GatewayEnv } from "./context.ts";
import { HttpRefusal } from "./problem.ts";

/**
 * The largest body read, in bytes. The largest request that is allowed, 64 KiB of content and 16 KiB of metadata, still fits when a client
 * writes each of its bytes as a six-byte `\u0041`: 480 KiB, and the rest for names and brackets.
 */
export const MAX_BODY_BYTES = 524_288;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The request's body as a JSON value. Refuses what is not `application/json` in UTF-8 (415), too large (413), not UTF-8 or not JSON (400);
 * stops waiting for a slow sender when the call's signal fires.
 */
export async function readJson(c: Context<GatewayEnv>, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  requireJson(c.req.raw.headers);
  const bytes = await readBytes(c, maxBytes);
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (error) {
    if (error instanceof TypeError) throw new ChatError("invalid_argument", "The body must be UTF-8, got other bytes", { cause: error });
    throw new ChatError("invalid_argument", `The body must be JSON, got ${bytes.byteLength} bytes that are not`, { cause: error });
  }
}

function requireJson(headers: Headers): void {
  const given = headers.get("content-type") ?? "";
  const [type, ...parameters] = given.toLowerCase().split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice(8).replaceAll('"', "");
  if (type !== "application/json" || (charset !== undefined && charset !== "utf-8" && charset !== "utf8")) {
    throw new HttpRefusal(
      415,
      `The body must be application/json in UTF-8, got ${given === "" ? "no content type" : JSON.stringify(given.slice(0, 80))}`,
      {
        "Accept": "application/json",
      },
    );
  }
  requireUncompressed(headers);
}

function requireUncompressed(headers: Headers): void {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw new HttpRefusal(415, `The body must not be compressed, got ${JSON.stringify(encoding.slice(0, 80))}`, {
      "Accept-Encoding": "identity",
    });
  }
}

/** The request's body as it came, whole; refuses a compressed one (415) and one that is too large (413). */
export async function readBytes(c: Context<GatewayEnv>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(c.req.raw.headers.get("content-length") ?? 0);
  if (announced > maxBytes) throw tooLarge(announced, maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(c)) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(size, maxBytes);
    chunks.push(chunk);
  }
  return joinBytes(chunks) as Uint8Array<ArrayBuffer>;
}

/** The request's body as it comes; leaving the loop lets go of the rest. */
export async function* bodyChunks(c: Context<GatewayEnv>): AsyncGenerator<Uint8Array> {
  requireUncompressed(c.req.raw.headers);
  const { call } = c.var;
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return;
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await call.run(reader.read()).catch((error) => refuse(call, error));
      isWhole = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isWhole) await reader.cancel().catch(() => {});
  }
}

/** A read that failed for the network's reasons is the client going away. */
function refuse(call: Call, error: unknown): never {
  if (error instanceof ChatError) throw error;
  throw call.signal.aborted
    ? abortError(call.signal)
    : new ChatError("cancelled", "The client went away before the body's end", { cause: error });
}

/** The refusal of a body, or a part of one, of more bytes than are taken. */
export function tooLarge(bytes: number, maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `The body must be at most ${maxBytes} bytes, got ${bytes}`);
}
