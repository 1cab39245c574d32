import { PROCESS_LIMITS } from "./limits.ts";

/** Looking may take at most this share of the time, however many files there are. */
const SHARE = 20;

/** Looks now and then whether a plugin's folder has grown too large; of one file the process's own limit takes care. */
export class FolderQuota {
  readonly #folder: string;
  readonly #onFull: () => void;
  #nextMs = 0;
  #looking: Promise<void> | undefined;

  constructor(folder: string, onFull: () => void) {
    this.#folder = folder;
    this.#onFull = onFull;
  }

  /** Looks, unless that was done a moment ago. */
  look(): void {
    if (this.#looking === undefined && performance.now() >= this.#nextMs) this.#looking = this.#look();
  }

  /** Waits for the last look. */
  async close(): Promise<void> {
    this.#nextMs = Infinity;
    await this.#looking;
  }

  async #look(): Promise<void> {
    const begunMs = performance.now();
    try {
      const { bytes, files } = await sizeOf(this.#folder);
      if (bytes > PROCESS_LIMITS.folderBytes || files > PROCESS_LIMITS.folderFiles) this.#onFull();
    } catch {
      // A file went while it was looked at, or the whole folder did: there is a next time.
    }
    const nowMs = performance.now();
    this.#nextMs = Math.max(this.#nextMs, nowMs + Math.max(PROCESS_LIMITS.folderEveryMs, (nowMs - begunMs) * SHARE));
    this.#looking = undefined;
  }
}

async function sizeOf(folder: string): Promise<{ readonly bytes: number; readonly files: number }> {
  let [bytes, files] = [0, 0];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    files++;
    if (isDirectory) {
      const inside = await sizeOf(path);
      bytes += inside.bytes;
      files += inside.files;
    } else bytes += (await Deno.lstat(path)).size;
    if (bytes > PROCESS_LIMITS.folderBytes || files > PROCESS_LIMITS.folderFiles) break;
  }
  return { bytes, files };
}
