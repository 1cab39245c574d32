import http2, { type ServerHttp2Session } from "node:http2";
import type { Server } from "../wire/grpc_js.ts";

/** Where grpc-js 1.14 keeps its connections. */
interface Connections {
  readonly http2Servers?: ReadonlyMap<unknown, { readonly sessions: ReadonlySet<ServerHttp2Session> }>;
}

/** Ends every connection of a server at once. grpc-js's own `forceShutdown` finds connections only where its channelz counters are on. */
export function cutOff(server: Server): void {
  const { http2Servers } = server as unknown as Connections;
  const sessions = [...http2Servers?.values() ?? []].flatMap((listening) => [...listening.sessions]);
  server.forceShutdown();
  for (const session of sessions) session.destroy(undefined, http2.constants.NGHTTP2_CANCEL);
}
