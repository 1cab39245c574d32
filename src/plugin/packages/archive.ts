/**
 * The file that a plugin travels in: one JSON text, `{"format": 1, "manifest": {…}, "module": {"language": "typescript", "text": "…"}}`, or with
 * `"remote": {"address": "host:port"}` instead of the module. The SHA-256 of its bytes names the version.
 *
 * @module
 */
import type { PluginManifest } from "../../contracts/mod.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import { hostOf } from "../../core/hosts.ts";
import type { PluginCode } from "../launch.ts";
import { JsonObject, parseJson, shown } from "./json_fields.ts";
import { manifestJson, readManifest } from "./manifest.ts";

/** A plugin that was read from its archive. */
export interface Archive {
  /** SHA-256 of the archive, in hexadecimal. */
  readonly digest: string;
  readonly manifest: PluginManifest;
  readonly code: PluginCode;
}

/** Fits into a gRPC message of 4 MiB with its signatures and grants. */
export const MAX_ARCHIVE_BYTES = 3_670_016;
/** Of a path: the schemas in a manifest are texts. */
const MAX_DEPTH = 16;
const FORMAT = 1;
const FIELD = "archive";

/** Reads an archive. Throws `invalid_argument` for whatever is no archive, with the place and the value found; `reservedEnv` as in the manifest. */
export async function readArchive(bytes: Uint8Array, reservedEnv: ReadonlySet<string>): Promise<Archive> {
  if (bytes.length === 0 || bytes.length > MAX_ARCHIVE_BYTES) {
    throw invalidField(FIELD, `must be 1 to ${MAX_ARCHIVE_BYTES} bytes, got ${bytes.length}`);
  }
  const object = new JsonObject(FIELD, parseJson(FIELD, decoded(bytes), MAX_DEPTH), ["format", "manifest", "module", "remote"]);
  if (object.raw("format") !== FORMAT) throw invalidField(object.at("format"), `must be ${FORMAT}, got ${shown(object.raw("format"))}`);
  if (object.has("module") === object.has("remote")) {
    throw invalidField(FIELD, `must have one of module and remote, got ${object.has("module") ? "both" : "neither"}`);
  }
  const manifest = readManifest(object.at("manifest"), object.raw("manifest"), reservedEnv);
  const code = object.has("module") ? readModule(object) : readRemote(object, manifest);
  return { digest: await digestOf(bytes), manifest, code };
}

/** The SHA-256 of an archive, in hexadecimal. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))).toHex();
}

/** Makes an archive: the same bytes for the same plugin. */
export function packArchive(manifest: PluginManifest, code: PluginCode): Uint8Array {
  const content = code.kind === "module" ? { module: { language: code.language, text: code.text } } : { remote: { address: code.address } };
  return new TextEncoder().encode(
    `${JSON.stringify(sortedKeys({ format: FORMAT, manifest: manifestJson(manifest), ...content }), undefined, 1)}\n`,
  );
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) => [key, sortedKeys(item)]));
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ChatError("invalid_argument", `Field \`${FIELD}\` must be UTF-8, got other bytes`, { field: FIELD, cause });
  }
}

function readModule(object: JsonObject): PluginCode {
  const module = new JsonObject(object.at("module"), object.raw("module"), ["language", "text"]);
  const text = module.text("text", { minBytes: 1, maxBytes: MAX_ARCHIVE_BYTES });
  if (!module.has("language")) throw invalidField(module.at("language"), 'must be "typescript" or "javascript", got nothing');
  return { kind: "module", language: module.word("language", ["typescript", "javascript"]), text };
}

function readRemote(object: JsonObject, { permissions }: PluginManifest): PluginCode {
  const remote = new JsonObject(object.at("remote"), object.raw("remote"), ["address"]);
  const address = remote.matching("address", /^([A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, "host:port");
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  if (port < 1 || port > 65_535 || hostOf(address) === "") {
    throw invalidField(remote.at("address"), `must be host:port, got ${shown(address)}`);
  }
  // Its server has a network, an environment and a disk of its own, over which this one has no say.
  const own = (["net", "env"] as const).find((kind) => (permissions?.[kind].length ?? 0) > 0) ?? (permissions?.data ? "data" : undefined);
  if (own !== undefined) {
    throw invalidField(`${object.at("manifest")}.permissions.${own}`, "must be empty for a remote plugin, which has its own");
  }
  return { kind: "remote", address };
}
