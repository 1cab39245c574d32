/** Somebody who has processes and may be asked for an idle one. */
export interface CapacityHolder {
  /** Gives one up, if one is idle. */
  giveUpIdle(): boolean;
  /** Something has become free. */
  onFree(): void;
}

/** How many processes all plugins together may have: who needs another one gets an idle one's place. */
export class Capacity {
  readonly #max: number;
  readonly #holders = new Set<CapacityHolder>();
  #taken = 0;
  /** Somebody was refused a place since one was given back. */
  #wanted = false;

  constructor(max: number) {
    this.#max = max;
  }

  join(holder: CapacityHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: CapacityHolder): void {
    this.#holders.delete(holder);
  }

  /** Takes a place; false: all are in use, and `onFree` will tell when to ask again. */
  take(): boolean {
    if (this.#taken >= this.#max) {
      this.#wanted = true;
      this.offer();
      return false;
    }
    this.#taken++;
    return true;
  }

  /** A process has become idle: it makes room where somebody wants it. Its place comes back once it has ended. */
  offer(): void {
    if (!this.#wanted) return;
    for (const holder of this.#holders) {
      if (!holder.giveUpIdle()) continue;
      this.#wanted = false;
      return;
    }
  }

  give(): void {
    this.#taken--;
    this.#wanted = false;
    for (const holder of [...this.#holders]) holder.onFree();
  }
}
