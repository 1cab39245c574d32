import { bytesOf, entriesOf } from "../plugin_folder.ts";
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
    const { bytes, files } = await sizeOf(this.#folder).catch(() => ANY_SIZE);
    if (bytes > PROCESS_LIMITS.folderBytes || files > PROCESS_LIMITS.folderFiles) this.#onFull();
    const nowMs = performance.now();
    this.#nextMs = Math.max(this.#nextMs, nowMs + Math.max(PROCESS_LIMITS.folderEveryMs, (nowMs - begunMs) * SHARE));
    this.#looking = undefined;
  }
}

/** Of what cannot be looked into, such as folders that were moved so deep that no path leads there. */
const ANY_SIZE = { bytes: Infinity, files: Infinity };

async function sizeOf(folder: string): Promise<{ readonly bytes: number; readonly files: number }> {
  let [bytes, files] = [0, 0];
  for await (const { name, isDirectory } of entriesOf(folder)) {
    const path = `${folder}/${name}`;
    const inside = isDirectory ? await sizeOf(path) : { bytes: await bytesOf(path), files: 0 };
    bytes += inside.bytes;
    files += inside.files + 1;
    if (bytes > PROCESS_LIMITS.folderBytes || files > PROCESS_LIMITS.folderFiles) break;
  }
  return { bytes, files };
}
