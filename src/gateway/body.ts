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
export async function readJson(c: Context<GatewayEnv>): Promise<unknown> {
  requireJson(c.req.raw.headers);
  const bytes = await readBytes(c.req.raw, c.var.call);
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
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw new HttpRefusal(415, `The body must not be compressed, got ${JSON.stringify(encoding.slice(0, 80))}`, {
      "Accept-Encoding": "identity",
    });
  }
}

async function readBytes(request: Request, call: Call): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > MAX_BODY_BYTES) throw tooLarge(announced);
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await call.run(reader.read()).catch((error) => refuse(reader, call, error));
    if (done) return joinBytes(chunks);
    size += value.byteLength;
    if (size > MAX_BODY_BYTES) await refuse(reader, call, tooLarge(size));
    chunks.push(value);
  }
}

/** Lets go of a body that is not read to its end. A read that failed for the network's reasons is the client going away. */
async function refuse(reader: ReadableStreamDefaultReader<Uint8Array>, call: Call, error: unknown): Promise<never> {
  await reader.cancel().catch(() => {});
  if (error instanceof ChatError) throw error;
  throw call.signal.aborted
    ? abortError(call.signal)
    : new ChatError("cancelled", "The client went away before the body's end", { cause: error });
}

function tooLarge(bytes: number): HttpRefusal {
  return new HttpRefusal(413, `The body must be at most ${MAX_BODY_BYTES} bytes, got ${bytes}`);
}
