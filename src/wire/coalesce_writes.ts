/**
 * One system call for many HTTP/2 frames. Deno's HTTP/2 writes each frame to the socket by itself, which was 44 % of the busy time of an empty
 * handler. Holding the socket's writes from the first of a turn of the event loop to the turn's end sends them together.
 *
 * @module
 */
import http2 from "node:http2";
import type { Socket } from "node:net";

const INSTALLED = Symbol.for("chat.coalesce_writes");

/** Coalesces the writes of every HTTP/2 server made from now on; idempotent. Importing this module has done it already. */
export function installWriteCoalescing(): void {
  const module = http2 as typeof http2 & { [INSTALLED]?: true };
  if (module[INSTALLED]) return;
  module[INSTALLED] = true;
  const { createServer, createSecureServer } = http2;
  http2.createServer = ((...args: Parameters<typeof createServer>) =>
    // Before the session takes the socket, so that the session finds the method below.
    createServer(...args).prependListener("connection", coalesceWrites)) as typeof createServer;
  http2.createSecureServer =
    ((...args: Parameters<typeof createSecureServer>) =>
      createSecureServer(...args).prependListener("secureConnection", coalesceWrites)) as typeof createSecureServer;
}

/** Holds a socket's writes until the end of the turn in which the first was made. */
export function coalesceWrites(socket: Socket): void {
  const write = socket.write as (...args: unknown[]) => boolean;
  let held = false;
  const release = () => {
    held = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]) => {
    if (!held) {
      held = true;
      socket.cork();
      setImmediate(release);
    }
    return write.apply(socket, args);
  };
}

installWriteCoalescing();
