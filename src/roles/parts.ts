import { abortError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";

/** A part that ends at once. */
interface Closable {
  close(): Promise<void>;
}

/** A part that takes calls from outside, and lets accepted ones run for at most `deadlineMs`. */
interface Stoppable {
  stop(options: { readonly deadlineMs: number }): Promise<void>;
}

/** A part that runs. */
interface Part {
  readonly name: string;
  readonly stop: (deadlineMs: number) => Promise<void>;
}

/** What runs in a process and must be ended again. */
export class Parts {
  readonly #log: Log;
  readonly #stopping: AbortSignal;
  /** In the order in which they were started. */
  readonly #running: Part[] = [];

  /** Nothing is begun any more once `stopping` has aborted. */
  constructor(log: Log, stopping: AbortSignal) {
    this.#log = log;
    this.#stopping = stopping;
  }

  /** Starts one part and remembers how to end it. Throws what `stopping` stands for once that has aborted. */
  async begin<T extends Closable | Stoppable>(name: string, begin: () => T | Promise<T>): Promise<T> {
    if (this.#stopping.aborted) throw abortError(this.#stopping);
    const part = await begin();
    this.#running.push({ name, stop: (deadlineMs) => "stop" in part ? part.stop({ deadlineMs }) : part.close() });
    return part;
  }

  /** Ends all at the same time, because a deadline is for all of them. Never rejects: what goes wrong is logged. */
  async stopTogether(deadlineMs: number): Promise<void> {
    await Promise.all(this.#running.splice(0).map((part) => this.#stop(part, deadlineMs)));
  }

  /** Ends one after the other, the last begun first, because it may use those before it. Never rejects. */
  async stopInTurn(): Promise<void> {
    for (const part of this.#running.splice(0).reverse()) await this.#stop(part, 0);
  }

  async #stop(part: Part, deadlineMs: number): Promise<void> {
    try {
      await part.stop(deadlineMs);
    } catch (error) {
      this.#log.error(`The ${part.name} did not stop cleanly`, { error });
    }
  }
}
