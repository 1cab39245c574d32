import type { Log } from "../observability/log.ts";
import { removeFolder } from "./plugin_folder.ts";

/**
 * The folders of plugins that may keep files, on this server. A folder's name has the number that names its plugin's data, so a plugin that comes
 * later under the same name gets an empty one, and whose number is nobody's any more is removed.
 */
export class DataFolders {
  readonly #root: string | undefined;
  readonly #log: Log;

  /** Without a root there are no folders. */
  constructor(root: string | undefined, log: Log) {
    this.#root = root;
    this.#log = log;
  }

  /** Where a plugin's files are; undefined: there are no folders. */
  pathOf(name: string, dataId: number): string | undefined {
    return this.#root === undefined ? undefined : `${this.#root}/${name}.${dataId}`;
  }

  /** Removes folders whose data are nobody's; `owned` is asked after the folders were listed, so that no folder is younger than what it says. */
  async clean(owned: () => Promise<ReadonlyMap<string, number>>): Promise<void> {
    const folders = await this.#list();
    if (folders.length === 0) return;
    const owners = await owned();
    for (const folder of folders) {
      const [name = "", dataId] = folder.split(".");
      if (String(owners.get(name)) !== dataId) await this.#remove(`${this.#root}/${folder}`);
    }
  }

  async #list(): Promise<readonly string[]> {
    if (this.#root === undefined) return [];
    try {
      const found: string[] = [];
      for await (const { name, isDirectory } of Deno.readDir(this.#root)) {
        if (isDirectory && /^[a-z][a-z0-9-]*\.\d+$/.test(name)) found.push(name);
      }
      return found;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#log.warn("The folder of the plugins' data cannot be read", { error });
      return [];
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await removeFolder(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#log.warn("A plugin's data cannot be removed", { path, error });
    }
  }
}
