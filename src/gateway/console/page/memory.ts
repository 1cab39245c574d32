/**
 * What the page keeps in the browser: the chosen name, the rooms joined, how far each was read. Never a token. Without storage it forgets.
 *
 * @module
 */

/** What was kept under `key`, or `otherwise`. */
export function recall<T>(key: string, otherwise: T): T {
  try {
    const kept = localStorage.getItem(`chat.${key}`);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

/** Keeps `value` under `key`. */
export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`chat.${key}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing, or is full.
  }
}
