/**
 * Keeps Deno's HTTP/2 from killing the process. Import it before anything makes an HTTP/2 server or connection.
 *
 * On Deno 2.9.4 to 2.9.6 an ordinary client kills a grpc-js server, and an ordinary server kills a grpc-js client: the process aborts natively
 * (`find_stream_on_goaway_func: Assertion stream->closed_next == NULL`, `free(): invalid pointer`, or a silent SIGSEGV), where no handler sees it
 * (denoland/deno#36788). The cause: a session's `close()` and `destroy()` run synchronously inside nghttp2's receive callback, and free the
 * session under it. The cure: neither runs inside the callback. Both methods of every session, of servers and of clients, plain and TLS,
 * put the real call off to a later turn of the event loop.
 *
 * `deno task soak` fails without this file. When it no longer does, the file can go.
 *
 * @module
 */
import http2, { type Http2Session } from "node:http2";

type Ending = "close" | "destroy";

const INSTALLED = Symbol.for("chat.http2_cure");

/** Cures every HTTP/2 server and connection made from now on; idempotent. Importing this module has done it already. */
export function installHttp2Cure(): void {
  const module = http2 as typeof http2 & { [INSTALLED]?: true };
  if (module[INSTALLED]) return;
  module[INSTALLED] = true;
  const { createServer, createSecureServer, connect } = http2;
  // grpc-js reads these from the module object each time it needs one, so replacing them there is enough.
  http2.createServer = ((...args: Parameters<typeof createServer>) => cureServer(createServer(...args))) as typeof createServer;
  http2.createSecureServer =
    ((...args: Parameters<typeof createSecureServer>) => cureServer(createSecureServer(...args))) as typeof createSecureServer;
  http2.connect = ((...args: Parameters<typeof connect>) => cureSession(connect(...args))) as typeof connect;
}

function cureServer<S extends http2.Http2Server | http2.Http2SecureServer>(server: S): S {
  // First in line: whoever listens after this sees a cured session only.
  server.prependListener("session", cureSession);
  return server;
}

function cureSession<S extends Http2Session>(session: S): S {
  putOff(session, "close");
  putOff(session, "destroy");
  return session;
}

/** The session's own method shadows the prototype's, so calls from inside the runtime are put off as well. */
function putOff(session: Http2Session, ending: Ending): void {
  const original = session[ending] as (...args: unknown[]) => void;
  session[ending] = (...args: unknown[]) => {
    // close() drops its callback when another close() came first, which grpc-js rules out by looking at `closed`, that is too early here.
    if (ending === "close" && typeof args[0] === "function") session.once("close", args.pop() as () => void);
    setImmediate(() => original.apply(session, args));
  };
}

installHttp2Cure();
