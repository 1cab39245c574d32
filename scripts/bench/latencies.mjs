/** Counts of latencies, 0.1 ms a place, up to 20 s. */
export class Latencies {
  #counts = new Uint32Array(200_000);
  total = 0;

  add(ms) {
    this.#counts[Math.max(0, Math.min(199_999, Math.round(ms * 10)))]++;
    this.total++;
  }

  quantile(q) {
    let left = Math.floor(this.total * q);
    return this.#counts.findIndex((count) => (left -= count) < 0) / 10;
  }
}
