import { abortError, type ChatError } from "../core/errors.ts";

/** Lets so many in at once; the others wait, in order, for as long as they like. */
export class Turns {
  readonly #most: number;
  /** Said to whoever finds so many waiting already. */
  readonly #crowded: () => ChatError;
  readonly #mostWaiting: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(most: number, { mostWaiting, crowded }: { readonly mostWaiting: number; readonly crowded: () => ChatError }) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
    this.#crowded = crowded;
  }

  /** Resolves when it is one's turn, with what ends it, once. Rejects with what an aborted signal stands for. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw abortError(signal);
    if (this.#inside >= this.#most) await this.#wait(signal);
    else this.#inside++;
    return () => this.#leave();
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting) throw this.#crowded();
    return new Promise((resolve, reject) => {
      const go = () => {
        this.#waiting.delete(go);
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(go);
        reject(abortError(signal));
      };
      this.#waiting.add(go);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** The place goes to whoever has waited longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inside--;
    else next();
  }
}
