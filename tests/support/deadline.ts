/** `promise`, or after `limitMs` an error that says what was waited for. */
export async function within<T>(limitMs: number, what: string | (() => string), promise: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${limitMs} ms: ${typeof what === "string" ? what : what()}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A number that grows, and that others wait for. */
export class Progress {
  #value = 0;
  readonly #waiters = new Set<{ readonly value: number; readonly resolve: () => void }>();

  get value(): number {
    return this.#value;
  }

  /** Moves on to `value`; never back. */
  reach(value: number): void {
    if (value <= this.#value) return;
    this.#value = value;
    for (const waiter of this.#waiters) {
      if (waiter.value > value) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves once the number is at least `value`. */
  reached(value: number): Promise<void> {
    if (this.#value >= value) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add({ value, resolve }));
  }
}
