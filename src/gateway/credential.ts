/**
 * Where an HTTP request may carry its credential. Programs send a header. A browser's `EventSource` and `WebSocket` cannot: on the page's own
 * origin the session cookie goes with them (see `session_routes.ts`), from elsewhere an event stream is read with `fetch` and a header, and a
 * WebSocket names its token as a subprotocol, `new WebSocket(url, ["chat.v1", "bearer.TOKEN"])`. Never in the URL, which logs and histories keep.
 *
 * @module
 */
import { sessionToken } from "./session_cookie.ts";

/** The subprotocol that the server speaks on a WebSocket, and the only one that it answers with: those that carry a token are never sent back. */
export const WEBSOCKET_PROTOCOL = "chat.v1";
const TOKEN_PROTOCOL = "bearer.";

/** What a request shows to prove who sends it. */
export interface ShownCredential {
  /** As `Authorization: Bearer …` would have it; undefined: nothing. */
  readonly authorization: string | undefined;
  /** Whether the browser added it by itself, whoever wrote the page that sent the request. */
  readonly isAmbient: boolean;
}

/** The first of: `Authorization`, `X-Api-Key`, a WebSocket's subprotocol, the session cookie. */
export function credentialOf(request: Request): ShownCredential {
  const { headers } = request;
  const header = headers.get("authorization") ?? bearer(headers.get("x-api-key")) ?? bearer(protocolToken(request));
  if (header !== undefined) return { authorization: header, isAmbient: false };
  const token = sessionToken(headers.get("cookie"));
  return { authorization: bearer(token), isAmbient: token !== undefined };
}

/** Whether the request asks for a WebSocket. */
export function isUpgrade({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

function bearer(token: string | null | undefined): string | undefined {
  return token == null ? undefined : `Bearer ${token}`;
}

function protocolToken(request: Request): string | undefined {
  if (!isUpgrade(request)) return undefined;
  const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
  return offered.find((name) => name.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
}
