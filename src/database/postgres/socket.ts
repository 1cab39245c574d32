import net from "node:net";
import { DatabaseError } from "../session.ts";
import type { PostgresEndpoint } from "./address.ts";

/** Silence after which the kernel asks whether the server is still there. */
const KEEPALIVE_MS = 15_000;

/**
 * A connected socket, made here and not by postgres.js so that a connection to a server that went silent can be destroyed.
 * Rejects with a {@link DatabaseError}: `CONNECT_TIMEOUT`, or the system's code such as `ECONNREFUSED`.
 */
export function openSocket({ host, port }: PostgresEndpoint, timeoutMs: number): Promise<net.Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
  const socket = host.startsWith("/") ? net.connect({ path: `${host}/.s.PGSQL.${port}` }) : net.connect({ host, port });
  const fail = (code: string, message: string) => {
    clearTimeout(timer);
    socket.destroy();
    reject(new DatabaseError(code, message));
  };
  const timer = setTimeout(() => fail("CONNECT_TIMEOUT", `No connection within ${timeoutMs} ms`), timeoutMs);
  const onError = (error: Error & { code?: string }) => fail(error.code ?? "ECONNREFUSED", error.message);
  socket.once("error", onError);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", onError);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    resolve(Object.assign(socket, { host, port })); // postgres.js reads `host` for the certificate's name
  });
  return promise;
}
