import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import type { Server } from "../wire/grpc_js.ts";

/** Where grpc-js 1.14 keeps what listens, and its connections. */
interface Listening {
  readonly http2Servers?: ReadonlyMap<Http2Server | Http2SecureServer, { readonly sessions: ReadonlySet<ServerHttp2Session> }>;
}

/** The HTTP/2 servers under a gRPC server; none before it is bound. */
export function http2ServersOf(server: Server): readonly (Http2Server | Http2SecureServer)[] {
  return [...(server as unknown as Listening).http2Servers?.keys() ?? []];
}

/** The connections of a gRPC server. */
export function sessionsOf(server: Server): readonly ServerHttp2Session[] {
  return [...(server as unknown as Listening).http2Servers?.values() ?? []].flatMap(({ sessions }) => [...sessions]);
}
