import { badDocument } from "./document.ts";
import type { WorkerAnswer, WorkerJob } from "./worker.ts";

/** What one document may take. */
export interface ReaderLimits {
  readonly timeoutMs: number;
  /** By how much the process may grow while it is read. */
  readonly maxBytes: number;
}

/** A thousand pages take a few seconds. */
const DEFAULT_LIMITS: ReaderLimits = { timeoutMs: 20_000, maxBytes: 768 * 1024 * 1024 };
const WATCH_EVERY_MS = 50;
/** Starting a worker takes 150 ms: a row of documents is read by one, and an idle process has none. */
const IDLE_MS = 1_000;

/**
 * Reads documents one after the other in a worker, which is ended when one takes too long or too much memory, and when it has nothing to do.
 * One at a time, so that a growing process tells which document it grows for.
 */
export class DocumentReader {
  readonly #limits: ReaderLimits;
  #worker: Worker | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: Partial<ReaderLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** The text of a document. Throws `invalid_argument` when it cannot be read or costs too much. */
  read(job: WorkerJob): Promise<{ readonly text: string; readonly title: string }> {
    const read = this.#last.then(() => this.#read(job));
    this.#last = read.catch(() => {});
    return read;
  }

  /** Ends the worker once what was asked is answered; the next document starts another. */
  async close(): Promise<void> {
    await this.#last;
    this.#end();
  }

  async #read(job: WorkerJob): Promise<{ readonly text: string; readonly title: string }> {
    clearTimeout(this.#idle);
    const answer = await this.#ask(job);
    if ("failure" in answer) throw badDocument(`The document could not be read as ${job.format}`, answer.failure);
    if ("refusal" in answer) throw badDocument(answer.refusal);
    return answer;
  }

  async #ask(job: WorkerJob): Promise<WorkerAnswer> {
    const { promise, resolve } = Promise.withResolvers<WorkerAnswer>();
    const worker = this.#worker ??= new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "documents" });
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault(); // else Deno rethrows it in this thread and ends the process
      this.#end();
      resolve({ failure: event.message });
    };
    const watch = this.#watch(job, (refusal) => {
      this.#end();
      resolve({ refusal });
    });
    try {
      worker.postMessage(job);
      return await promise;
    } finally {
      clearInterval(watch);
      if (this.#worker !== undefined) this.#idle = setTimeout(() => this.#end(), IDLE_MS);
    }
  }

  #watch(job: WorkerJob, stop: (refusal: string) => void): ReturnType<typeof setInterval> {
    const { timeoutMs, maxBytes } = this.#limits;
    const begun = performance.now();
    const before = Deno.memoryUsage().rss;
    return setInterval(() => {
      if (performance.now() - begun > timeoutMs) stop(`The document took more than ${timeoutMs / 1_000} s to read as ${job.format}`);
      else if (Deno.memoryUsage().rss - before > maxBytes) {
        stop(`The document took more than ${Math.round(maxBytes / 1024 / 1024)} MB of memory to read as ${job.format}`);
      }
    }, WATCH_EVERY_MS);
  }

  #end(): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
