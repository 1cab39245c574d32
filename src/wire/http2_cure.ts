/**
 * Keeps Deno's HTTP/2 from killing the process. Import it before anything makes an HTTP/2 server or connection.
 *
 * On Deno 2.9.4 to 2.9.6 an ordinary client kills a grpc-js server, and an ordinary server kills a grpc-js client: the process aborts natively
 * (`find_stream_on_goaway_func: Assertion stream->closed_next == NULL`, `free(): invalid pointer`, or a silent SIGSEGV), where no handler sees it
 * (denoland/deno#36788). The cause: a session's `close()` and `destroy()` run synchronously inside nghttp2's receive callback, and free the
 * session under it. The cure: neither runs inside the callback. Both methods of every session, of servers and of clients, plain and TLS,
 * put the real call off to a later turn of the event loop.
 *
 * `deno task soak` fails without this file. When it no longer does, this part can go.
 *
 * The second illness is a slow one: the socket of a destroyed session stays open, with all that it has still to send, until the peer closes its
 * side or TCP gives up after a quarter of an hour; so clients that vanished fill the memory although the keepalive has found them. On Node the
 * socket goes with a session that was not closed gracefully; so it does here, a moment later.
 *
 * @module
 */
import http2, { type ClientSessionOptions, type Http2Session } from "node:http2";
import type { Socket } from "node:net";

const INSTALLED = Symbol.for("chat.http2_cure");
/** Enough turns of the event loop for last words such as a GOAWAY to be written. */
const LAST_TURNS = 5;

/** Cures every HTTP/2 server and connection made from now on; idempotent. Importing this module has done it already. */
export function installHttp2Cure(): void {
  const module = http2 as typeof http2 & { [INSTALLED]?: true };
  if (module[INSTALLED]) return;
  module[INSTALLED] = true;
  const { createServer, createSecureServer, connect } = http2;
  // grpc-js reads these from the module object each time it needs one, so replacing them there is enough.
  http2.createServer =
    ((...args: Parameters<typeof createServer>) => cureServer(createServer(...args), "connection")) as typeof createServer;
  http2.createSecureServer =
    ((...args: Parameters<typeof createSecureServer>) =>
      cureServer(createSecureServer(...args), "secureConnection")) as typeof createSecureServer;
  http2.connect = ((authority: string, options?: ClientSessionOptions, ...rest: []) => {
    const made: { socket?: Socket } = {};
    return cureSession(connect(authority, rememberingSocket(options, made), ...rest), made.socket);
  }) as typeof connect;
}

/** First in line: whoever listens after this sees a cured session only. */
function cureServer<S extends http2.Http2Server | http2.Http2SecureServer>(server: S, arrival: "connection" | "secureConnection"): S {
  let arriving: Socket | undefined;
  server.prependListener(arrival, (socket: Socket) => {
    arriving = socket;
    // The session is made within this same event; whatever came later would belong to another socket.
    queueMicrotask(() => arriving = undefined);
  });
  server.prependListener("session", (session) => cureSession(session, arriving));
  return server;
}

function cureSession<S extends Http2Session>(session: S, socket: Socket | undefined): S {
  const { close, destroy } = session;
  let closing = false;
  // Own methods shadow the prototype's, so calls from inside the runtime are put off as well.
  session.close = (closed) => {
    closing = true;
    // close() drops its callback when another close() came first, which grpc-js rules out by looking at `closed`, that is too early here.
    if (closed !== undefined) session.once("close", closed);
    setImmediate(() => close.call(session));
  };
  session.destroy = (...args) => {
    // The end of a graceful close: the peer may take its time for what is still under way.
    const graceful = closing && args.length === 0;
    setImmediate(() => {
      destroy.apply(session, args);
      if (!graceful && socket !== undefined) afterTurns(LAST_TURNS, () => socket.destroy());
    });
  };
  return session;
}

function afterTurns(turns: number, action: () => void): void {
  setImmediate(() => turns > 1 ? afterTurns(turns - 1, action) : action());
}

/** grpc-js makes its sockets itself and hands them over here. */
function rememberingSocket(options: ClientSessionOptions | undefined, made: { socket?: Socket }): ClientSessionOptions | undefined {
  const make = options?.createConnection;
  if (make === undefined) return options;
  return { ...options, createConnection: (...args) => made.socket = make(...args) as Socket };
}

installHttp2Cure();
