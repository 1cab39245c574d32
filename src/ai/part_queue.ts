import type { PartBatch } from "./store.ts";

/** Stores batches of different generations in one transaction; tells whose generation is this server's still. */
export type StoreBatches = (batches: readonly PartBatch[]) => Promise<ReadonlySet<number>>;

/** In one transaction; a larger one is no faster. */
const MAX_BATCHES = 256;
/** Parts as JSON in one transaction, in UTF-16 units, beyond which no further batch is taken in. */
const MAX_UNITS = 2 ** 21;

interface Waiting {
  readonly batch: PartBatch;
  readonly resolve: (held: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Stores what many answers have grown by together: batches that come while a transaction runs go into the next one, so that hundreds share a commit. */
export class PartQueue {
  readonly #store: StoreBatches;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(store: StoreBatches) {
    this.#store = store;
  }

  /** Resolves after the commit: false when the generation is this server's no longer. A generation's next batch must wait for that. */
  append(batch: PartBatch): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // A turn of the event loop, so that answers whose time has come together share the first commit too.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commit(this.#take());
    this.#running = false;
  }

  #take(): readonly Waiting[] {
    let units = 0;
    const end = this.#waiting.findIndex(({ batch }, index) => {
      if (index === MAX_BATCHES || units > MAX_UNITS) return true;
      units += batch.parts.length;
      return false;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #commit(taken: readonly Waiting[]): Promise<void> {
    try {
      const held = await this.#store(taken.map(({ batch }) => batch));
      for (const { batch, resolve } of taken) resolve(held.has(batch.id));
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }
}
