import type { Generation, GenerationPart } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import { AnswerWriter } from "./answer_writer.ts";
import { foldParts } from "./fold.ts";
import type { PartQueue } from "./part_queue.ts";
import type { GenerationName, GenerationStatus } from "./store.ts";

/** Parts that come within this time are stored together. Every answer of the process is stored at the same beat, so that they share a commit. */
const STORE_EVERY_MS = 500;
/** How long the end of an answer is tried to be stored while the database does not take it. */
const STORE_END_MS = 5_000;
const RETRY_MS = 250;

/** What a generation of this process is made with. */
export interface RunningOptions {
  readonly queue: PartQueue;
  readonly log: Log;
  readonly id: number;
  readonly name: GenerationName;
  readonly fingerprint: string;
  /** How long it goes on when nobody follows it any more. */
  readonly graceMs: number;
}

/** How a generation ended. */
interface End {
  readonly status: GenerationStatus;
  readonly error?: ChatError;
}

/**
 * A generation that this process is at: grows, is stored as it grows, and is followed by any number of readers, each at its own pace, from the one list of its
 * parts. It is over for its readers once its end is stored.
 */
export class RunningGeneration {
  readonly #options: RunningOptions;
  readonly #parts: GenerationPart[] = [];
  readonly #stopping = new AbortController();
  readonly #writer: AnswerWriter;
  readonly #createdAtMs = Date.now();
  #stored = 0;
  #storing: Promise<void> | undefined;
  #storeTimer: ReturnType<typeof setTimeout> | undefined;
  #followers = 0;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #end: End | undefined;
  #wake: (() => void)[] = [];

  constructor(options: RunningOptions) {
    this.#options = options;
    this.#writer = new AnswerWriter(options.name.requestId, (part) => this.#add(part));
  }

  get fingerprint(): string {
    return this.#options.fingerprint;
  }

  get id(): number {
    return this.#options.id;
  }

  /** Ends with what {@link stop} was given; whatever works on the answer listens to it. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  get lastSeq(): number {
    return this.#parts.length;
  }

  /** Runs the work to its end and stores what came of it. Never rejects. */
  async run(work: (writer: AnswerWriter) => Promise<void>): Promise<void> {
    let end: End = { status: "done" };
    try {
      await work(this.#writer);
    } catch (error) {
      end = this.#failure(error);
      this.#writer.error(end.error!);
    }
    clearTimeout(this.#graceTimer);
    clearTimeout(this.#storeTimer);
    await this.#storeEnd(end);
    this.#end = end;
    this.#notify();
  }

  /** Gives the work up; `reason` is what followers are told. */
  stop(reason: ChatError): void {
    this.#stopping.abort(reason);
  }

  /** Parts after `afterSeq` as they come. Throws what the generation failed with, after its error part, and what the signal stands for. */
  async *follow(afterSeq: number, signal: AbortSignal): AsyncGenerator<GenerationPart> {
    using _ = this.#attach(signal);
    for (let at = afterSeq;;) {
      if (signal.aborted) throw abortError(signal);
      const part = this.#parts[at];
      if (part !== undefined) {
        at++;
        yield part;
      } else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else await this.#more(signal);
    }
  }

  /** As far as it has come. */
  snapshot(): Generation {
    const { requestId } = this.#options.name;
    const answer = foldParts(requestId, this.#parts);
    const times = { createdAtMs: this.#createdAtMs, updatedAtMs: Date.now() };
    return { requestId, status: "running", answer, lastSeq: this.#parts.length, ...times };
  }

  /** Counts a follower, until it is disposed of or its signal aborts: a client that has gone is not waited for to read on. */
  #attach(signal: AbortSignal): Disposable {
    this.#followers++;
    clearTimeout(this.#graceTimer);
    let attached = true;
    const detach = () => {
      signal.removeEventListener("abort", detach);
      if (!attached) return;
      attached = false;
      this.#followers--;
      if (this.#followers === 0 && this.#end === undefined) this.#abandoned(signal);
    };
    signal.addEventListener("abort", detach, { once: true });
    if (signal.aborted) detach();
    return { [Symbol.dispose]: detach };
  }

  #abandoned(signal: AbortSignal): void {
    const reason = signal.aborted ? abortError(signal) : new ChatError("cancelled", "Nobody follows the generation any more");
    if (this.#options.graceMs === 0) this.stop(reason);
    else this.#graceTimer = setTimeout(() => this.stop(reason), this.#options.graceMs);
  }

  #add(part: GenerationPart): void {
    this.#parts.push(part);
    this.#notify();
    this.#storeTimer ??= setTimeout(() => this.#storeSoon(), untilBeatMs());
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Waits for another part, the end or the signal. */
  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#wake.push(done);
    });
  }

  #storeSoon(): void {
    this.#storeTimer = undefined;
    if (this.#storing !== undefined) return;
    this.#storing = this.#store({ status: "running" }).catch((error) => {
      this.#options.log.warn("Parts of an answer could not be stored yet", { error, requestId: this.#options.name.requestId });
    }).finally(() => {
      this.#storing = undefined;
      if (this.#stored < this.#parts.length) this.#storeTimer ??= setTimeout(() => this.#storeSoon(), untilBeatMs());
    });
  }

  async #store({ status, error }: End): Promise<void> {
    const { queue, id } = this.#options;
    const parts = this.#parts.slice(this.#stored);
    const lastSeq = this.#parts.length;
    const told = error === undefined ? undefined : { code: error.code.toUpperCase(), message: error.message.replaceAll("\0", "") };
    const held = await queue.append({
      ...{ id, firstSeq: parts[0]?.seq, lastSeq, parts: JSON.stringify(parts) },
      ...{ status, error: told },
    });
    if (!held) this.stop(new ChatError("aborted", "Another server has ended the generation"));
    this.#stored = lastSeq;
  }

  async #storeEnd(end: End): Promise<void> {
    const giveUpAt = Date.now() + STORE_END_MS;
    await this.#storing;
    clearTimeout(this.#storeTimer);
    for (;;) {
      try {
        return await this.#store(end);
      } catch (error) {
        if (Date.now() > giveUpAt) {
          this.#options.log.error("The end of an answer could not be stored", { error, requestId: this.#options.name.requestId });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #failure(thrown: unknown): End {
    const error = this.signal.aborted ? abortError(this.signal) : thrown;
    if (error instanceof ChatError) {
      const closing = this.signal.reason instanceof ServiceClosing;
      return { status: closing ? "interrupted" : this.signal.aborted ? "cancelled" : "failed", error };
    }
    this.#options.log.error("An answer failed", { error, requestId: this.#options.name.requestId });
    return { status: "failed", error: new ChatError("internal", "The answer failed for a reason that the server's log tells") };
  }
}

function untilBeatMs(): number {
  return STORE_EVERY_MS - Date.now() % STORE_EVERY_MS;
}

/** What generations are told that are still at work when their server stops. */
export class ServiceClosing extends ChatError {
  constructor() {
    super("unavailable", "The server that was at the answer has stopped");
  }
}
