/** A TCP proxy to a server on loopback, which can go silent as a broken network does: connections stay, nothing comes through. */
export class SilentProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>;
  #silent = false;

  constructor(target: number) {
    this.#target = target;
    this.#running = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** While silent, bytes are read and dropped; connections made before never speak again. */
  set silent(silent: boolean) {
    this.#silent = silent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#running;
  }

  async #accept(): Promise<void> {
    const pipes: Promise<void>[] = [];
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      this.#connections.add(client).add(server);
      pipes.push(this.#pipe(client, server), this.#pipe(server, client));
    }
    await Promise.all(pipes);
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        if (!this.#silent) await to.write(buffer.subarray(0, count));
      }
    } catch { /* the other side has closed */ }
    close(from);
    close(to);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch { /* already closed */ }
}
