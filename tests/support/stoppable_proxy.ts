/**
 * A TCP proxy that can stop taking bytes from the server: what a client on a dead phone looks like from there. A client that merely does not read
 * would not do, because its runtime goes on to fetch and hold many megabytes for it.
 */
export class StoppableProxy implements AsyncDisposable {
  readonly address: string;
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  #open = Promise.resolve();
  #reopen: (() => void) | undefined;

  constructor(target: string) {
    const [hostname = "", port] = target.split(":");
    this.#target = { hostname, port: Number(port) };
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${this.#listener.addr.port}`;
    this.#accepting = this.#accept();
  }

  /** From now on nothing is read from the server. */
  stop(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open = promise;
    this.#reopen = resolve;
  }

  /** Goes on. */
  go(): void {
    this.#reopen?.();
  }

  /** Closes what is open. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.go();
    this.#listener.close();
    this.cut();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const pumps: Promise<void>[] = [];
    for await (const client of this.#listener) {
      const server = await Deno.connect(this.#target);
      this.#connections.add(client).add(server);
      pumps.push(this.#pump(client, server, false), this.#pump(server, client, true));
    }
    await Promise.all(pumps);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, stoppable: boolean): Promise<void> {
    const buffer = new Uint8Array(16_384);
    try {
      for (;;) {
        if (stoppable) await this.#open;
        const size = await from.read(buffer);
        if (size === null) break;
        for (let at = 0; at < size;) at += await to.write(buffer.subarray(at, size));
      }
    } catch {
      // One end is gone, so the other goes too.
    }
    close(from);
    close(to);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It was closed from the other side's pump.
  }
}
