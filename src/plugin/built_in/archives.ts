/**
 * The plugins that come with this system: a folder each, named after its plugin, with the files that anybody's plugin has.
 *
 * @module
 */
import { ChatError } from "../../core/errors.ts";
import { packArchive } from "../packages/archive.ts";
import { authorManifest } from "../packages/author.ts";
import { readManifest } from "../packages/manifest.ts";

/**
 * Archives of the named plugins, each with the hosts that the settings let it connect to. Throws `failed_precondition` for a name that none of them has, and
 * `invalid_argument` for hosts that no plugin may have.
 */
export function builtInArchives(
  names: readonly string[],
  net: Readonly<Record<string, readonly string[]>>,
): Promise<readonly Uint8Array[]> {
  return Promise.all(names.map((name) => archiveOf(name, net[name] ?? [])));
}

async function archiveOf(name: string, net: readonly string[]): Promise<Uint8Array> {
  const read = (file: string) => Deno.readTextFile(new URL(`./${name.replaceAll("-", "_")}/${file}`, import.meta.url));
  try {
    const written = JSON.parse(await read("manifest.json"));
    const manifest = authorManifest({ ...written, permissions: { ...written.permissions, net } });
    return packArchive(readManifest(name, manifest, new Set()), { kind: "module", language: "typescript", text: await read("plugin.ts") });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new ChatError(
      "failed_precondition",
      `PLUGIN_BUILT_IN names ${JSON.stringify(name)}, and no plugin of that name comes with this system`,
    );
  }
}
