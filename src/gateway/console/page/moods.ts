import { ApiError, ask } from "./api.ts";
import type { Message, Mood } from "./types.ts";

/** Texts of one request. */
const BATCH = 50;
const COLLECT_MS = 200;
const MOST_KNOWN = 2_000;

/** The moods of messages, asked for in batches and kept; on a server that cannot tell them there are none. */
export class Moods {
  readonly #changed: () => void;
  readonly #known = new Map<string, Mood>();
  readonly #wanted = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOff = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The message's mood, where that is known; otherwise it will be asked for, and the listener told. */
  of(message: Message): Mood | undefined {
    const key = `${message.room}/${message.id}/${message.version}`;
    const mood = this.#known.get(key);
    if (mood === undefined && !this.#isOff) {
      this.#wanted.set(key, message.content);
      this.#timer ??= setTimeout(() => this.#ask(), COLLECT_MS);
    }
    return mood;
  }

  async #ask(): Promise<void> {
    const batch = [...this.#wanted].slice(0, BATCH);
    for (const [key] of batch) this.#wanted.delete(key);
    try {
      const body = { texts: batch.map(([, text]) => text) };
      const { results } = await ask<{ readonly results: readonly Mood[] }>("/v1/ai/sentiment", { method: "POST", body });
      batch.forEach(([key], index) => {
        const mood = results[index];
        if (mood !== undefined) this.#known.set(key, mood);
      });
      for (const key of this.#known.keys()) {
        if (this.#known.size <= MOST_KNOWN) break;
        this.#known.delete(key);
      }
      this.#changed();
    } catch (error) {
      // Moods are an ornament: whoever may not have them, or cannot, is not told again and again. What passes is asked for with the next message.
      this.#isOff = error instanceof ApiError && !error.isPassing;
    }
    this.#timer = this.#wanted.size > 0 && !this.#isOff ? setTimeout(() => this.#ask(), COLLECT_MS) : undefined;
  }
}
