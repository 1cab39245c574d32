/**
 * Group commit: creations that arrive while an INSERT of their room runs go into the next one, so that many callers share one commit.
 * A caller is answered after the commit of its message, never before.
 *
 * @module
 */
import type { Message } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { ValidCreate } from "./validate.ts";

/** Stores messages of one room, whose keys differ from each other, in one transaction, and gives them back in the same order. */
export type CommitBatch = (room: string, batch: readonly ValidCreate[], retryUntil: AbortSignal) => Promise<readonly CommitResult[]>;

/** What became of one message of a batch. */
export type CommitResult = { readonly message: Message } | { readonly error: unknown };

/** Messages in one transaction: beyond some hundreds a larger one is no faster, only slower to answer. */
const MAX_BATCH_MESSAGES = 512;
/** Contents in one transaction, counted in UTF-16 units; keeps a batch of the largest messages at some megabytes. */
const MAX_BATCH_LENGTH = 2 ** 21;
/** Messages that wait in all rooms together; what is beyond is refused, so that a slow database costs a bounded memory. */
const MAX_WAITING = 10_000;
/** Contents that wait, in UTF-16 units. */
const MAX_WAITING_LENGTH = 2 ** 26;

interface Waiting {
  readonly create: ValidCreate;
  readonly promise: Promise<Message>;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
  /** Callers that still want the answer; a message that nobody waits for any more is not begun. */
  callers: number;
}

/** One room's line of messages to store. */
interface Line {
  readonly waiting: Waiting[];
  /** By key: a second call with the same key joins the first. */
  readonly byKey: Map<string, Waiting>;
}

/** The queue in front of the write path. */
export class CreateQueue {
  readonly #commit: CommitBatch;
  readonly #lines = new Map<string, Line>();
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #waiting = 0;
  #waitingLength = 0;

  constructor(commit: CommitBatch) {
    this.#commit = commit;
  }

  /** Messages that wait for their INSERT to begin, in all rooms together. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves after the commit. An abort answers at once: before the message's INSERT has begun it is taken back, later it may be stored. */
  create(create: ValidCreate, signal: AbortSignal): Promise<Message> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    if (this.#closing.signal.aborted) return Promise.reject(abortError(this.#closing.signal));
    const line = this.#line(create.room);
    const waiting = this.#join(line, create) ?? this.#add(line, create);
    return abortable(waiting, signal);
  }

  /** Commits what waits, then refuses; database errors are no longer waited out. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("unavailable", "The message service is shutting down"));
    await Promise.all(this.#running);
  }

  #line(room: string): Line {
    const existing = this.#lines.get(room);
    if (existing !== undefined) return existing;
    const line: Line = { waiting: [], byKey: new Map() };
    this.#lines.set(room, line);
    const run = this.#run(room, line).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return line;
  }

  #join(line: Line, create: ValidCreate): Waiting | undefined {
    return create.clientMessageId === undefined ? undefined : line.byKey.get(create.clientMessageId);
  }

  #add(line: Line, create: ValidCreate): Waiting {
    if (this.#waiting >= MAX_WAITING || this.#waitingLength >= MAX_WAITING_LENGTH) {
      throw new ChatError("resource_exhausted", `The queue of messages to store is full, it holds ${this.#waiting}`, {
        retryAfterMs: 1000,
      });
    }
    const waiting: Waiting = { create, callers: 0, ...Promise.withResolvers<Message>() };
    // Whoever waits hears of a failure; the promise itself may be left alone when every caller has gone.
    waiting.promise.catch(() => {});
    line.waiting.push(waiting);
    if (create.clientMessageId !== undefined) line.byKey.set(create.clientMessageId, waiting);
    this.#waiting++;
    this.#waitingLength += create.content.length;
    return waiting;
  }

  async #run(room: string, line: Line): Promise<void> {
    // A turn of the event loop lets the calls that arrived together share the first commit too.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (line.waiting.length > 0) {
      const batch = this.#take(line);
      if (batch.length > 0) await this.#store(room, line, batch);
    }
    this.#lines.delete(room);
  }

  #take(line: Line): Waiting[] {
    const batch: Waiting[] = [];
    let length = 0;
    let taken = 0;
    for (const waiting of line.waiting) {
      if (batch.length === MAX_BATCH_MESSAGES || (length > 0 && length + waiting.create.content.length > MAX_BATCH_LENGTH)) break;
      taken++;
      this.#waiting--;
      this.#waitingLength -= waiting.create.content.length;
      if (waiting.callers === 0) {
        forget(line, waiting);
        continue;
      }
      length += waiting.create.content.length;
      batch.push(waiting);
    }
    line.waiting.splice(0, taken);
    return batch;
  }

  async #store(room: string, line: Line, batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#commit(room, batch.map((waiting) => waiting.create), this.#closing.signal);
      for (const [index, waiting] of batch.entries()) settle(waiting, results[index]);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      for (const waiting of batch) forget(line, waiting);
    }
  }
}

function settle(waiting: Waiting, result: CommitResult | undefined): void {
  if (result === undefined) waiting.reject(new Error("A committed batch gave fewer results than messages"));
  else if ("error" in result) waiting.reject(result.error);
  else waiting.resolve(result.message);
}

function forget(line: Line, waiting: Waiting): void {
  const key = waiting.create.clientMessageId;
  if (key !== undefined && line.byKey.get(key) === waiting) line.byKey.delete(key);
}

function abortable(waiting: Waiting, signal: AbortSignal): Promise<Message> {
  waiting.callers++;
  return new Promise<Message>((resolve, reject) => {
    const onAbort = () => {
      waiting.callers--;
      reject(abortError(signal));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    waiting.promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
