import http2 from "node:http2";
import type { Server } from "../wire/grpc_js.ts";
import { sessionsOf } from "./listening.ts";

/** Ends every connection of a server at once. grpc-js's own `forceShutdown` finds connections only where its channelz counters are on. */
export function cutOff(server: Server): void {
  const sessions = sessionsOf(server);
  server.forceShutdown();
  for (const session of sessions) session.destroy(undefined, http2.constants.NGHTTP2_CANCEL);
}
