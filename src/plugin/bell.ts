import { abortError } from "../core/errors.ts";

/** Wakes everybody who waits for the next change of something. */
export class Bell {
  #next = Promise.withResolvers<void>();

  /** Wakes those who wait now. */
  ring(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Resolves at the next ring; rejects with what the signal stands for. Ask for it before looking at what may change, so that no ring is missed. */
  heard(signal: AbortSignal): Promise<void> {
    const { promise } = this.#next;
    return new Promise((resolve, reject) => {
      const end = () => reject(abortError(signal));
      if (signal.aborted) return end();
      signal.addEventListener("abort", end, { once: true });
      void promise.then(() => {
        signal.removeEventListener("abort", end);
        resolve();
      });
    });
  }
}
