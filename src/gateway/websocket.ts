import type { OpenAPIHono } from "@hono/zod-openapi";
import { tooOften } from "../core/call_limits.ts";
import { allow } from "./authenticate.ts";
import { clientAddress } from "./client_address.ts";
import type { GatewayEnv } from "./context.ts";
import { isUpgrade, WEBSOCKET_PROTOCOL } from "./credential.ts";
import { HttpRefusal } from "./problem.ts";
import type { RequestMeasure } from "./rate_limit.ts";
import { type ConnectionOptions, WebSocketConnection } from "./websocket_connection.ts";

/** What WebSockets work with. */
export interface WebSocketRouteOptions extends Omit<ConnectionOptions, "patienceMs" | "takeMeasure"> {
  /** How often a quiet socket is pinged, about; a peer that does not answer is gone after twice that. */
  readonly heartbeatMs: number;
  readonly measure?: RequestMeasure | undefined;
  readonly patienceMs?: number;
}

/** A minute, in which a phone on a train is back, while its rooms go on without it in what the service keeps. */
const PATIENCE_MS = 60_000;

const PATH = "/v1/ws";
const DESCRIPTION = "Each message is one JSON object in a text frame. The client sends `subscribe` (`room`, `after_seq`, `username`, " +
  "`include_changes`), `unsubscribe` (`room`), `send`, `edit` and `delete` with REST's fields, `typing` (`room`, `username`, `typing`), " +
  "`presence` (`room`, `username`, `status`: online, away or offline) and `ping`, as `type`, each with a `ref` of its own. The server answers with " +
  "`ready` (`room`, `seq`), `ack` (`result`), `pong` (`positions`) or `error` (`problem`) under that `ref`, and tells `event` (`room`, `seq`, " +
  "`event`, `message`), `typing`, `presence`, and `end` (`room`, `seq`, `problem`) with the position to subscribe after again.";

/** `GET /v1/ws`: messages as they come, and commands, by one WebSocket; the protocol is in `websocket_protocol.ts`. */
export function addWebSocketRoute(app: OpenAPIHono<GatewayEnv>, routeOptions: WebSocketRouteOptions): void {
  const { measure, heartbeatMs, patienceMs = PATIENCE_MS, ...options } = routeOptions;
  app.openAPIRegistry.registerPath({
    ...{ method: "get", path: PATH, summary: "Follow rooms and write to them by WebSocket", description: DESCRIPTION, tags: ["message"] },
    responses: { 101: { description: "The connection speaks WebSocket from here on, `chat.v1` to who offers it" } },
  });
  app.get(PATH, allow("chat.MessageService/StreamMessages"), (c) => {
    if (!isUpgrade(c.req.raw)) {
      throw new HttpRefusal(426, "This address speaks WebSocket, got a plain request", { "Upgrade": "websocket", "Connection": "Upgrade" });
    }
    const { call } = c.var;
    const address = measure === undefined ? "" : clientAddress(c, measure.trustedProxies);
    const takeMeasure = () => {
      const taken = measure?.limits?.take(call.caller, address);
      if (taken?.ok === false) throw tooOften(taken);
    };
    const { socket, response } = upgrade(c.req.raw, Math.max(1, Math.round(heartbeatMs * 2 / 1_000)));
    call.becomeSocket();
    new WebSocketConnection(socket, call, { ...options, patienceMs, takeMeasure });
    return response;
  });
}

/** Shakes hands; a client that names subprotocols is answered with the only one that is spoken here, or with none. */
function upgrade(request: Request, idleTimeout: number): Deno.WebSocketUpgrade {
  const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
  try {
    return Deno.upgradeWebSocket(request, {
      idleTimeout,
      ...(offered.includes(WEBSOCKET_PROTOCOL) ? { protocol: WEBSOCKET_PROTOCOL } : {}),
    });
  } catch (error) {
    throw new HttpRefusal(400, `The WebSocket handshake is not complete: ${error instanceof Error ? error.message : String(error)}`);
  }
}
