import http2, { type ServerHttp2Session } from "node:http2";
import type { Server } from "../wire/grpc_js.ts";
import { http2ServersOf } from "./listening.ts";

/** When connections are ended, and how. */
export interface ConnectionAge {
  /** Infinity: never. */
  readonly maxAgeMs: number;
  /** How long unary calls may take on. */
  readonly graceMs: number;
  /** Ends the streams of a connection in words, because with the connection they would end as INTERNAL. */
  readonly endStreams: (connection: object) => void;
}

/** Connections that began together must not end together. */
const JITTER = 0.1;
const NO_STREAM_YET = 2 ** 31 - 1;
const REASON = new TextEncoder().encode("max_age");

/** Ends connections of a bound server at their age: clients are told to go elsewhere, streams end, unary calls are answered. */
export function limitConnectionAge(server: Server, age: ConnectionAge): void {
  if (age.maxAgeMs === Infinity) return;
  for (const listening of http2ServersOf(server)) {
    listening.on("session", (session: ServerHttp2Session) => {
      const timer = setTimeout(() => retire(session, age), age.maxAgeMs * (1 + JITTER * (2 * Math.random() - 1)));
      session.once("close", () => clearTimeout(timer));
    });
  }
}

/** First the word that no new call is taken here, so that whoever resumes a stream does it on another connection. */
function retire(session: ServerHttp2Session, { graceMs, endStreams }: ConnectionAge): void {
  if (session.destroyed) return;
  session.goaway(http2.constants.NGHTTP2_NO_ERROR, NO_STREAM_YET, REASON);
  endStreams(session);
  session.close();
  const timer = setTimeout(() => session.destroy(), graceMs);
  session.once("close", () => clearTimeout(timer));
}
