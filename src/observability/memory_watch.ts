import process from "node:process";
import v8 from "node:v8";
import { ChatError } from "../core/errors.ts";

/** What a {@link MemoryWatch} holds the process to. */
export interface MemoryWatchOptions {
  /** Absent: the container's limit, where there is one. */
  readonly limitBytes?: number;
  /** Of the limit, from 0 to 1. */
  readonly highShare: number;
  /** What is in use now; default: this process's memory. */
  readonly measure?: () => { readonly rssBytes: number; readonly heapBytes: number };
}

/** Often enough to see a flood coming: in this time a busy process takes some tens of megabytes. */
const LOOK_MS = 250;
/** Memory goes up and down with each collection; only well below the mark it counts as enough again. */
const HYSTERESIS = 0.05;
const RETRY_AFTER_MS = 1_000;

/** Looks whether the process has memory for new work. */
export class MemoryWatch {
  /** Infinity where nobody has set one. */
  readonly limitBytes: number;
  readonly #heapLimitBytes: number;
  readonly #highShare: number;
  readonly #measure: NonNullable<MemoryWatchOptions["measure"]>;
  readonly #timer: ReturnType<typeof setInterval>;
  #shortage: ChatError | undefined;

  constructor({ limitBytes, highShare, measure = measureProcess }: MemoryWatchOptions) {
    this.limitBytes = limitBytes ?? containerLimit();
    this.#heapLimitBytes = v8.getHeapStatistics().heap_size_limit;
    this.#highShare = highShare;
    this.#measure = measure;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Why new work cannot be taken: `resource_exhausted`; undefined while there is enough. */
  get shortage(): ChatError | undefined {
    return this.#shortage;
  }

  /** Looks now; it happens by itself. */
  look(): void {
    const { rssBytes, heapBytes } = this.#measure();
    const used = Math.max(rssBytes / this.limitBytes, heapBytes / this.#heapLimitBytes);
    if (used < this.#highShare - (this.#shortage === undefined ? 0 : HYSTERESIS)) this.#shortage = undefined;
    else {this.#shortage ??= new ChatError("resource_exhausted", "The server is short of memory; try again later", {
        retryAfterMs: RETRY_AFTER_MS,
      });}
  }

  /** Looks no more. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }
}

function measureProcess() {
  const { rss, heapUsed } = Deno.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed };
}

/** Of the control group that the process is in; Infinity without one, and without permission to ask. */
function containerLimit(): number {
  try {
    const bytes = process.constrainedMemory();
    return bytes > 0 && bytes < Number.MAX_SAFE_INTEGER ? bytes : Infinity;
  } catch {
    return Infinity;
  }
}
