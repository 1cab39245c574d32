import type { StatusObject } from "../wire/grpc_js.ts";
import { http2StreamOf, type MessageCall } from "./batch_writer.ts";

/** A client that does not take the end of its stream for so long loses the stream. */
const LINGER_MS = 30_000;

/** The part of a streaming call that its end needs. */
interface EndableStream {
  readonly cancelled: boolean;
  readonly destroyed: boolean;
  destroy(): unknown;
  emit(event: "error", status: StatusObject): boolean;
}

/** Ends a stream with a status; does nothing when the client has left already. */
export function endStream(edge: EndableStream, status: StatusObject): void {
  if (edge.cancelled || edge.destroyed) return;
  const linger = setTimeout(() => edge.destroy(), LINGER_MS);
  http2StreamOf(edge as unknown as MessageCall)?.once("close", () => clearTimeout(linger));
  edge.emit("error", status);
}
