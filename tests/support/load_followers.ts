/**
 * Subscribers that resume: over gRPC by the project's own client, over HTTP as a browser would. Each keeps what it was told, in order.
 *
 * @module
 */
import { MessageServiceClient, type StreamMessagesRequest } from "../../src/clients/mod.ts";
import { Progress } from "./deadline.ts";

/** One event as a subscriber saw it. */
export interface SeenEvent {
  readonly seq: number;
  readonly id: number;
  readonly eventType: string;
  readonly content: string;
  readonly username: string;
  readonly key: string;
  readonly deleted: boolean;
}

/** A subscriber; `await using` ends it. */
export interface Follower extends AsyncDisposable {
  readonly name: string;
  readonly room: string;
  /** Everything told of, in the order in which it came. */
  readonly events: readonly SeenEvent[];
  /** The newest position told of. */
  readonly position: Progress;
  /** How often the stream was lost and taken up again. */
  readonly resumptions: number;
  /** Rejects when following fails in a way that resuming does not mend. */
  readonly failed: Promise<never>;
}

/** Follows a room from its beginning through {@link MessageServiceClient}, unless `request` says otherwise. */
export function followGrpc(address: string, request: StreamMessagesRequest & { readonly room: string }): Follower {
  return new GrpcFollower(address, { afterSeq: 0, includeChanges: true, ...request });
}

/** Follows a room from its beginning as server-sent events, with `Last-Event-ID` after a loss. */
export function followSse(url: string, room: string): Follower {
  return new SseFollower(url, room);
}

class GrpcFollower implements Follower {
  readonly name: string;
  readonly room: string;
  readonly events: SeenEvent[] = [];
  readonly position = new Progress();
  readonly failed: Promise<never>;
  resumptions = 0;
  readonly #client: MessageServiceClient;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(address: string, request: StreamMessagesRequest & { readonly room: string }) {
    this.room = request.room;
    this.name = `gRPC follower of ${request.subscribeTo ?? "all"} in ${request.room}`;
    this.#client = new MessageServiceClient({ address, backoffInitialMs: 50, backoffMaxMs: 300, deadlineMs: 5_000, maxAttempts: 50 });
    this.#done = this.#follow(request);
    this.failed = failure(this.#done);
  }

  async #follow(request: StreamMessagesRequest): Promise<void> {
    const options = { signal: this.#stop.signal, onRetry: () => this.resumptions++ };
    try {
      for await (const message of this.#client.streamMessages(request, options)) {
        const { seq, id, eventType, content, username, clientMessageId: key, deleted } = message;
        this.events.push({ seq, id, eventType, content, username, key, deleted });
        this.position.reach(seq);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done.catch(() => {});
    await this.#client.close();
  }
}

/** Between two tries to open the stream again; a browser would wait longer. */
const REOPEN_MS = 60;

class SseFollower implements Follower {
  readonly name: string;
  readonly room: string;
  readonly events: SeenEvent[] = [];
  readonly position = new Progress();
  readonly failed: Promise<never>;
  resumptions = -1;
  #lastEventId = "0";
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(url: string, room: string) {
    this.room = room;
    this.name = `SSE follower of ${room}`;
    this.#url = `${url}/v1/messages/stream?include_changes=true&room=${encodeURIComponent(room)}`;
    this.#done = this.#follow();
    this.failed = failure(this.#done);
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.resumptions++;
      try {
        await this.#read();
      } catch (error) {
        if (error instanceof TypeError || error instanceof DOMException || error instanceof Deno.errors.Http) {
          await new Promise((resolve) => setTimeout(resolve, REOPEN_MS)); // the server is away
        } else throw error;
      }
    }
  }

  async #read(): Promise<void> {
    const response = await fetch(this.#url, { headers: { "Last-Event-ID": this.#lastEventId }, signal: this.#stop.signal });
    if (response.status === 503 || response.body === null) return void await response.body?.cancel();
    if (response.status !== 200) throw new Error(`${this.name}: ${response.status} ${await response.text()}`);
    let text = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) this.#take(frame);
    }
  }

  #take(frame: string): void {
    const field = (name: string) => frame.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const event = field("event");
    if (event === "created" || event === "edited" || event === "deleted") {
      const message = JSON.parse(field("data") ?? "");
      const { seq, id, event_type: eventType, content, username, client_message_id: key, deleted } = message;
      this.events.push({ seq, id, eventType, content, username, key, deleted });
      this.position.reach(seq);
    }
    this.#lastEventId = field("id") ?? this.#lastEventId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done.catch(() => {});
  }
}

function failure(done: Promise<void>): Promise<never> {
  const failed = new Promise<never>((_, reject) => done.catch(reject));
  failed.catch(() => {}); // only who waits for it hears of it
  return failed;
}
