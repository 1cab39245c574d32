/** A browser's end of the gateway's WebSocket, for tests. */
import { within } from "./deadline.ts";

// deno-lint-ignore no-explicit-any -- a test looks into whatever came
type Anything = any;

/** A WebSocket that keeps what comes until it is asked for. */
export class SocketClient {
  readonly #socket: WebSocket;
  readonly #messages: Anything[] = [];
  readonly #closed = Promise.withResolvers<CloseEvent>();
  #arrived = Promise.withResolvers<void>();
  #refs = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      this.#messages.push(JSON.parse(data));
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    };
    socket.onclose = (event) => {
      this.#closed.resolve(event);
      this.#arrived.resolve();
    };
  }

  /** Opens one at `origin`, such as `http://127.0.0.1:8000`. */
  static async open(origin: string, protocols: readonly string[] = []): Promise<SocketClient> {
    const socket = new WebSocket(`${origin.replace("http", "ws")}/v1/ws`, [...protocols]);
    const client = new SocketClient(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    await within(10_000, "the handshake", promise);
    return client;
  }

  /** What came of the handshake. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** When the socket has closed. */
  get closed(): Promise<CloseEvent> {
    return within(10_000, "the close", this.#closed.promise);
  }

  /** Sends as it is. */
  raw(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame);
  }

  /** Sends without waiting. */
  tell(message: Anything): void {
    this.raw(JSON.stringify(message));
  }

  /** Sends with a `ref`, and gives the message that answers it. */
  async ask(message: Anything): Promise<Anything> {
    const ref = `ref-${++this.#refs}`;
    this.tell({ ref, ...message });
    return await this.next((each) => each.ref === ref);
  }

  /** Follows a room; gives the `ready`. */
  subscribe(room: string, options: Anything = {}): Promise<Anything> {
    return this.ask({ type: "subscribe", room, ...options });
  }

  /** Takes the first message that is `wanted`, also of those that have come; those before it stay. */
  async next(wanted: (message: Anything) => boolean = () => true): Promise<Anything> {
    for (;;) {
      const index = this.#messages.findIndex(wanted);
      if (index >= 0) return this.#messages.splice(index, 1)[0];
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("The socket closed without it");
      await within(10_000, "a message", this.#arrived.promise);
    }
  }

  /** So many messages of one type. */
  async take(type: string, count: number): Promise<Anything[]> {
    const taken: Anything[] = [];
    while (taken.length < count) taken.push(await this.next((message) => message.type === type));
    return taken;
  }

  /** What has come and was not taken. */
  get left(): readonly Anything[] {
    return this.#messages;
  }

  /** Hears nothing more; for a network that is gone. */
  abandon(): void {
    this.#socket.onmessage = null;
    this.#socket.close();
  }

  /** Closes, and waits for the other end. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}
