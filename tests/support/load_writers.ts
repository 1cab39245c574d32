/**
 * Writers that never give a message up: whatever has not been answered is asked for again, under the same key, until it is.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ChatError, type Message, MessageServiceClient } from "../../src/clients/mod.ts";
import { Progress } from "./deadline.ts";
import { type Random, seeded } from "./seeded.ts";

/** A message whose answer came: what every reader must find from then on. */
export interface Written {
  readonly room: string;
  readonly key: string;
  readonly username: string;
  /** As created. */
  readonly content: string;
  readonly id: number;
  /** What an acknowledged edit made of it. */
  edited?: string;
  /** An acknowledged deletion took it away. */
  deleted?: boolean;
}

/** Who writes what and where. */
export interface WriterOptions {
  readonly address: string;
  readonly rooms: readonly string[];
  readonly writers: number;
  readonly seed: number;
  /** Every so many messages one is edited and one is deleted; default 10; 0: never. */
  readonly changeEvery?: number;
}

/** Ends of a call that leave open whether the write happened. */
const UNANSWERED: ReadonlySet<string> = new Set(["unavailable", "cancelled", "deadline_exceeded"]);
/** Between two tries against a server that is away. */
const RETRY_MS = 40;
/** Longer than a restart, so that no call is given up that the server could still answer. */
const CALL_MS = 15_000;

/** A crew at work; `await using` closes its connections. */
export class WriterCrew implements AsyncDisposable {
  /** Every acknowledged message, by its key. */
  readonly written = new Map<string, Written>();
  /** How many messages have been acknowledged. */
  readonly acknowledged = new Progress();
  /** Calls that ended without an answer and were repeated. */
  unanswered = 0;
  readonly #options: WriterOptions;
  readonly #client: MessageServiceClient;
  readonly #stopping = new AbortController();
  readonly #writers: readonly Promise<void>[];

  constructor(options: WriterOptions) {
    this.#options = options;
    // One attempt a call: the repeats are this file's own, so that they are counted.
    this.#client = new MessageServiceClient({
      address: options.address,
      connections: 2,
      maxAttempts: 1,
      backoffInitialMs: 50,
      backoffMaxMs: 200,
    });
    this.#writers = Array.from({ length: options.writers }, (_, index) => this.#write(index));
    for (const writer of this.#writers) writer.catch(() => {}); // told by `stop`
  }

  /** Lets every writer get its last message acknowledged. Throws what a writer met that no crash explains. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#writers);
  }

  /** Rejects as soon as a writer has met what no crash explains. */
  failed(): Promise<never> {
    return new Promise((_, reject) => {
      for (const writer of this.#writers) writer.catch(reject);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#client.close();
    await Promise.allSettled(this.#writers);
  }

  async #write(index: number): Promise<void> {
    const random = seeded(this.#options.seed + index);
    const every = this.#options.changeEvery ?? 10;
    for (let count = 1; !this.#stopping.signal.aborted; count++) {
      const written = await this.#create(index, count, random);
      if (every > 0 && count % every === 3) await this.#edit(written);
      if (every > 0 && count % every === 7) await this.#delete(written);
    }
  }

  async #create(index: number, count: number, random: Random): Promise<Written> {
    const room = random.pick(this.#options.rooms);
    const [key, username] = [`${room}-${index}-${count}`, `writer-${index}`];
    const content = `${key} ${"é漢🙂x".repeat(random.below(40))}`;
    const message = await this.#untilAnswered(() =>
      this.#client.createMessage({ room, username, content, clientMessageId: key }, { deadlineMs: CALL_MS })
    );
    assertEquals([message.content, message.clientMessageId, message.username], [content, key, username]);
    const written = { room, key, username, content, id: message.id };
    this.written.set(key, written);
    this.acknowledged.reach(this.written.size);
    return written;
  }

  /** An edit has no key, but `if_version` tells whether a lost answer's edit had happened: then the repeat is refused. */
  async #edit(written: Written): Promise<void> {
    const content = `${written.content} (edited)`;
    let tries = 0;
    await this.#untilAnswered(async () => {
      tries++;
      try {
        const { room, id } = written;
        return await this.#client.updateMessage({ room, id, content, ifVersion: 1 }, { deadlineMs: CALL_MS });
      } catch (error) {
        if (tries > 1 && error instanceof ChatError && error.code === "aborted") return undefined;
        throw error;
      }
    });
    written.edited = content;
  }

  async #delete(written: Written): Promise<void> {
    let tries = 0;
    const { room, id } = written;
    await this.#untilAnswered(async () => {
      tries++;
      const { success, message } = await this.#client.deleteMessage({ room, id }, { deadlineMs: CALL_MS });
      if (!success && tries === 1) throw new Error(`Deleting ${id} in ${room}: ${message}`);
    });
    written.deleted = true;
  }

  async #untilAnswered<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof ChatError) || !UNANSWERED.has(error.code)) throw error;
        this.unanswered++;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

/** What a stored message must look like by what its writer was told. */
export function assertAsWritten(message: Message, written: Written): void {
  assertEquals([message.id, message.clientMessageId, message.username, message.room], [
    written.id,
    written.key,
    written.username,
    written.room,
  ]);
  assertEquals(message.content, written.edited ?? written.content);
}
