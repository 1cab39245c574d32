import { PROCESS_LIMITS } from "./limits.ts";
import type { ProcessUse } from "./warden.ts";

/** Of the plugin's memory, what a process may have grown by before it is replaced between two calls instead of ended in one. */
const GROWTH = 0.75;

/** Tells when a process has done enough: what a plugin leaks, and limits that count for a process's whole life, shall meet no call. */
export class ProcessAge {
  readonly #memoryBytes: number;
  #calls = 0;
  #bornBytes: number | undefined;
  #spent = false;

  constructor({ memoryBytes }: { readonly memoryBytes: number }) {
    this.#memoryBytes = memoryBytes;
  }

  /** Counts a call and gives its number, from 1. */
  call(): number {
    return ++this.#calls;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Takes what was measured; the first time as what the process was born with. */
  note({ cpuMs, residentBytes }: ProcessUse): void {
    this.#bornBytes ??= residentBytes;
    this.#spent ||= cpuMs > PROCESS_LIMITS.cpuMs || residentBytes - this.#bornBytes > this.#memoryBytes * GROWTH;
  }

  /** Whether it shall take no other call. */
  get spent(): boolean {
    return this.#spent || this.#calls >= PROCESS_LIMITS.calls;
  }
}
