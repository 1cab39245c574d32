/**
 * A gRPC client that sends whatever bytes it is given, over a real HTTP/2 connection.
 *
 * @module
 */
import "../../../src/wire/http2_cure.ts";
import http2, { type ClientHttp2Session } from "node:http2";
import type { FuzzRequest } from "./mutate.ts";

/** How one request ended. */
export type FuzzOutcome =
  /** A gRPC status. */
  | { readonly kind: "status"; readonly status: number; readonly text: string }
  /** The server began to stream; the client has left. */
  | { readonly kind: "streaming" }
  /** An HTTP status and no gRPC status. */
  | { readonly kind: "http"; readonly status: number }
  /** The stream was reset, or ended without a status. */
  | { readonly kind: "reset"; readonly code: number }
  /** No end within the limit. */
  | { readonly kind: "hang" };

/** nghttp2 ends a connection on which about a thousand streams are reset in a hurry (CVE-2023-44487), so a fresh one is taken before that. */
const MAX_RESETS = 500;

/** How long an answered request may take to close. */
const UNSENT_MS = 25;

/** One connection, made again when it is lost. */
export class RawSender implements AsyncDisposable {
  /** How often the connection was lost without this side wanting it. */
  lost = 0;
  readonly #url: string;
  readonly #sessions = new Set<ClientHttp2Session>();
  #session: ClientHttp2Session | undefined;
  #resets = 0;

  constructor(address: string) {
    this.#url = `http://${address}`;
  }

  /** Sends one request and waits for its end, at most `limitMs`. */
  send({ path, headers, body }: FuzzRequest, limitMs = 5_000): Promise<FuzzOutcome> {
    return new Promise((resolve) => {
      const given = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers };
      const stream = this.#open().request(given);
      let outcome: FuzzOutcome | undefined;
      const leave = (why: FuzzOutcome) => {
        outcome ??= why;
        this.#resets++;
        stream.close(http2.constants.NGHTTP2_CANCEL);
        clearTimeout(timer);
        timer = setTimeout(finish, UNSENT_MS); // a stream with unsent bytes never says that it has closed
      };
      const finish = () => {
        clearTimeout(timer);
        resolve(outcome ?? { kind: "reset", code: stream.rstCode ?? -1 });
      };
      let timer = setTimeout(() => leave({ kind: "hang" }), limitMs);
      const onHeaders = (received: Record<string, unknown>) => {
        const seen = outcomeOf(received);
        if (seen === undefined || outcome?.kind === "streaming") return;
        outcome = seen;
        // A stream that stands would go on for ever.
        if (seen.kind === "streaming") return leave(seen);
        // A server that has answered does not read the rest of a large request, so a client leaves what it has not sent.
        clearTimeout(timer);
        timer = setTimeout(() => leave(seen), UNSENT_MS);
      };
      stream.on("response", onHeaders);
      stream.on("trailers", onHeaders);
      stream.on("error", () => {}); // told by `close`
      stream.on("close", finish);
      stream.resume();
      stream.end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session = undefined;
    await Promise.all(Array.from(this.#sessions, (session) => {
      const closed = new Promise<void>((resolve) => session.once("close", resolve));
      session.destroy();
      return closed;
    }));
  }

  #open(): ClientHttp2Session {
    const current = this.#session;
    if (current !== undefined && this.#resets < MAX_RESETS && !current.closed && !current.destroyed) return current;
    if (this.#resets >= MAX_RESETS) current?.close(); // once its streams have ended
    this.#resets = 0;
    const session = http2.connect(this.#url);
    this.#session = session;
    this.#sessions.add(session);
    session.on("error", () => {}); // its streams end with it, which is told
    session.on("close", () => {
      this.#sessions.delete(session);
      if (this.#session === session) this.lost++;
    });
    return session;
  }
}

function outcomeOf(received: Record<string, unknown>): FuzzOutcome | undefined {
  const status = received["grpc-status"];
  if (status !== undefined) {
    return { kind: "status", status: Number(status), text: decodeURIComponent(String(received["grpc-message"] ?? "")) };
  }
  if (received["chat-resume-seq"] !== undefined) return { kind: "streaming" };
  // The beginning of a gRPC answer, whose status comes in the trailers.
  if (String(received["content-type"]).startsWith("application/grpc") || received[":status"] === undefined) return undefined;
  return { kind: "http", status: Number(received[":status"]) };
}
