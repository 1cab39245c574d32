/**
 * Lets a channel connect to a host by its name.
 *
 * grpc-js looks a name up itself and connects to the number it finds, for which the runtime asks another permission than for the name: a program
 * that may talk to `messages:50051` and to nothing else could not. Here the name goes down to the socket, which looks it up at each connection, so
 * the permission is the exact one, and a host that has moved is found again.
 *
 * @module
 */
import { experimental, Metadata, status } from "./grpc_js.ts";

const SCHEME = "host";
type Listener = experimental.ResolverListener;

/** One name, one endpoint; looked up by whoever connects. */
class HostResolver implements experimental.Resolver {
  readonly #path: string;
  readonly #listener: Listener;
  #told = false;

  constructor(target: { readonly path: string }, listener: Listener) {
    this.#path = target.path;
    this.#listener = listener;
  }

  updateResolution(): void {
    if (this.#told) return;
    this.#told = true;
    const address = addressOf(this.#path);
    queueMicrotask(() => this.#told && this.#listener(address, {}, null, ""));
  }

  destroy(): void {
    this.#told = false;
  }

  static getDefaultAuthority(target: { readonly path: string }): string {
    return target.path;
  }
}

/** The target of a channel to `HOST:PORT`. */
export function hostTarget(address: string): string {
  return `${SCHEME}:${address}`;
}

function addressOf(path: string): Parameters<Listener>[0] {
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(path) ?? [];
  if (host !== "") return { ok: true, value: [{ addresses: [{ host, port: Number(port) }] }] };
  const error = { code: status.UNAVAILABLE, details: `No HOST:PORT: ${path}`, metadata: new Metadata() };
  return { ok: false, error };
}

experimental.registerResolver(SCHEME, HostResolver);
