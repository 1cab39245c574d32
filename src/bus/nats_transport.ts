/**
 * The NATS client's own transport, with its sockets made safe: it takes its listeners off a socket that it gives up, and an error that comes
 * after that, such as a TLS alert about our certificate, would be nobody's and end the process.
 *
 * @module
 */
import type net from "node:net";
import tls from "node:tls";
import { type ConnectionOptions, type NatsConnection, NatsConnectionImpl, setTransportFactory } from "@nats-io/transport-node";
import { NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";

class SafeTransport extends NodeTransport {
  override async dial(...server: Parameters<NodeTransport["dial"]>): Promise<net.Socket> {
    return keepListening(await super.dial(...server));
  }

  /** The library's own takes its listeners off within the handshake's callback; an alert may come in the very same turn. */
  override startTLS(): Promise<tls.TLSSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<tls.TLSSocket>();
    const socket = tls.connect({ ...this.options.tls as tls.ConnectionOptions, socket: this.socket }, () => resolve(socket));
    keepListening(socket, reject);
    socket.on("close", () => reject(new Error("The TLS connection was closed before it stood")));
    return promise;
  }
}

/** From here on there is always somebody who listens to the socket's errors; `onError` is told of those that come before anybody else listens. */
function keepListening<T extends net.Socket>(socket: T, onError: (error: Error) => void = () => {}): T {
  const removeAllListeners = socket.removeAllListeners.bind(socket);
  // Without an argument it means all events, with undefined none.
  socket.removeAllListeners = (...events: Parameters<typeof removeAllListeners>) => {
    removeAllListeners(...events);
    return socket.on("error", onError);
  };
  return socket.on("error", onError);
}

/** Connects as the options say. */
export async function connectNats(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new SafeTransport() });
  return await NatsConnectionImpl.connect(options);
}
