/**
 * From a plugin's folder to its archive: `manifest.json`, and `plugin.ts` or `plugin.js` unless the manifest says where a remote plugin runs.
 *
 * @module
 */
import { settingNames } from "../../src/config/settings.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { PluginCode } from "../../src/plugin/launch.ts";
import { packArchive, readArchive } from "../../src/plugin/packages/archive.ts";
import { authorManifest } from "../../src/plugin/packages/author.ts";
import { readManifest } from "../../src/plugin/packages/manifest.ts";

const LANGUAGES = [["plugin.ts", "typescript"], ["plugin.js", "javascript"]] as const;
/** An import or a re-export of something that is there when the program runs. */
const IMPORTS = /^\s*(?:import\s+(?!type\b)[^"'(]*["']|import\s*["']|export\s+(?!type\b)[^"';]*\bfrom\s*["'])|\bimport\s*\(/m;

/** A packed plugin. */
export interface PackedPlugin {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly archive: Uint8Array;
}

/** Checks a folder and packs it. Throws `ChatError` that says what is wrong with it. */
export async function packFolder(folder: string): Promise<PackedPlugin> {
  const { remote, ...written } = await readManifestFile(`${folder}/manifest.json`);
  const reserved = new Set<string>(settingNames);
  const manifest = readManifest("manifest", authorManifest(written), reserved);
  const code = remote === undefined ? await readModule(folder) : remoteCode(remote);
  const archive = packArchive(manifest, code);
  const { digest } = await readArchive(archive, reserved);
  return { name: manifest.name, version: manifest.version, digest, archive };
}

async function readManifestFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await Deno.readTextFile(path));
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is no JSON object");
    return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new ChatError("failed_precondition", `The manifest ${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function remoteCode(remote: unknown): PluginCode {
  const address = (remote as { readonly address?: unknown } | null)?.address;
  return { kind: "remote", address: typeof address === "string" ? address : "" };
}

async function readModule(folder: string): Promise<PluginCode> {
  for (const [file, language] of LANGUAGES) {
    const path = `${folder}/${file}`;
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (text === undefined) continue;
    if (!IMPORTS.test(withoutComments(text))) return { kind: "module", language, text };
    return { kind: "module", language: "javascript", text: await bundle(folder, file) };
  }
  throw new ChatError(
    "failed_precondition",
    `The folder ${folder} has neither plugin.ts nor plugin.js, and its manifest has no remote.address`,
  );
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\/?\*).*$/gm, "");
}

/** A plugin is one module, so what it imports is put into it; from within its folder, so that the same plugin is the same bytes wherever that lies. */
async function bundle(folder: string, file: string): Promise<string> {
  const args = ["bundle", "--quiet", "--platform=deno", file];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: folder, env: { NO_COLOR: "1" }, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  if (success) return new TextDecoder().decode(stdout);
  const why = new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "";
  const text = `${folder}/${file} imports other modules, and they cannot be put into one: deno bundle says ${JSON.stringify(why)}`;
  throw new ChatError("failed_precondition", `${text} (its first run fetches the bundler)`);
}
