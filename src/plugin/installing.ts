/**
 * From an archive, or the name of a version that was installed before, to a version in force.
 *
 * @module
 */
import type { InstallPluginRequest, PluginPermissions } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { ChatError, invalidField } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import type { PluginCode, PluginLauncher } from "./launch.ts";
import { readArchive } from "./packages/archive.ts";
import { grantedPermissions, joinPermissions, missingPermissions, NO_PERMISSIONS, permissionsInWords } from "./packages/permissions.ts";
import { requireSigned, type TrustedKey } from "./packages/signatures.ts";
import * as store from "./store.ts";
import { validDigest } from "./validate.ts";

/** What installing takes. */
export interface InstallingOptions {
  readonly database: Database;
  readonly log: Log;
  readonly launcher: PluginLauncher;
  readonly trustedKeys: readonly TrustedKey[];
  /** Names of environment variables that no plugin may read. */
  readonly reservedEnv: ReadonlySet<string>;
}

/** A version that somebody asks for, with all that can be said of it by itself. */
interface Candidate {
  readonly version: store.StoredVersion;
  readonly code: PluginCode;
  /** Absent: the version is there. */
  readonly archive?: Uint8Array;
}

/** What an installation comes to. */
export interface Outcome {
  readonly version: store.StoredVersion;
  readonly unchanged: boolean;
  /** What was not granted; only with `checkOnly`. */
  readonly missing?: PluginPermissions;
}

/** Why a plugin is disabled that comes with this system and is not on. */
export const NOT_NAMED = "PLUGIN_BUILT_IN does not name it";
/** So many versions are remembered to have started: a check and the installation after it start a plugin once. */
const CHECKED_KEPT = 64;

/** Installs versions. */
export class Installing {
  readonly #options: InstallingOptions;
  /** Versions that have shown that they start. */
  readonly #checked = new Set<string>();

  constructor(options: InstallingOptions) {
    this.#options = options;
  }

  /** Puts a version in force in the database. Throws `permission_denied` for what was not granted or not signed, and nothing is changed. */
  async install(request: InstallPluginRequest, { caller, signal }: CallContext): Promise<Outcome> {
    const db = this.#options.database.kysely;
    const { version, code, archive } = await this.#candidate(request);
    const { signatures = [] } = request;
    const current = await store.readPlugin(db, version.name);
    requireNotBuiltIn(current);
    const known = await store.findVersion(db, version.digest);
    const agreed = joinPermissions(grantedPermissions(request.granted), known?.granted ?? NO_PERMISSIONS);
    const missing = missingPermissions(version.granted, joinPermissions(agreed, current?.granted ?? NO_PERMISSIONS));
    const unchanged = current?.digest === version.digest;
    if (missing !== undefined && request.checkOnly !== true) throw notGranted(version, missing);
    if (missing === undefined && !unchanged) await this.#start(version, code, signal);
    if (request.checkOnly === true) return { version, unchanged, ...(missing === undefined ? {} : { missing }) };
    if (unchanged) {
      // Somebody may have signed it meanwhile.
      if (signatures.length > 0) await store.sign(db, version, signatures);
      return { version, unchanged };
    }
    await store.install(db, {
      ...{ version, builtIn: false, disabled: request.disabled === true, installedBy: caller.id },
      ...(archive === undefined ? {} : { archive }),
      check: (now) => {
        requireNotBuiltIn(now);
        // Somebody may have gone to a version with less meanwhile.
        const lost = missingPermissions(version.granted, joinPermissions(agreed, now?.granted ?? NO_PERMISSIONS));
        if (lost !== undefined) throw notGranted(version, lost);
      },
    });
    const { name: plugin, version: number, digest } = version;
    this.#options.log.info("Installed a plugin", { plugin, version: number, digest, by: caller.id });
    return { version, unchanged };
  }

  /** Puts a plugin in force that comes with this system: whoever named it in the settings has agreed to what it asks for. Gives its name. */
  async installBuiltIn(archive: Uint8Array): Promise<string> {
    const db = this.#options.database.kysely;
    const version = toVersion(await readArchive(archive, this.#options.reservedEnv), []);
    const current = await store.readPlugin(db, version.name);
    await store.install(db, {
      ...{ version, archive, builtIn: true, installedBy: "system" },
      disabled: current?.enabled === false && current.problem !== NOT_NAMED,
      check: (now) => {
        if (now?.builtIn === false) {
          throw new ChatError("failed_precondition", `A plugin of somebody else's is installed as "${version.name}": uninstall it first`);
        }
      },
    });
    return version.name;
  }

  async #candidate({ archive, digest, signatures = [] }: InstallPluginRequest): Promise<Candidate> {
    const { trustedKeys } = this.#options;
    const hasArchive = archive !== undefined && archive.length > 0;
    if (hasArchive === (digest !== undefined && digest !== "")) {
      throw invalidField("archive", `or else \`digest\` must be there, got ${hasArchive ? "both" : "neither"}`);
    }
    const found = hasArchive ? undefined : await this.#stored(validDigest(digest ?? ""));
    const bytes = found?.bytes ?? archive ?? new Uint8Array();
    const read = await readArchive(bytes, this.#options.reservedEnv);
    const allSignatures = [...signatures, ...(found?.version.signatures ?? [])];
    await requireSigned(read.digest, allSignatures, trustedKeys);
    return found === undefined
      ? { version: toVersion(read, signatures), code: read.code, archive: bytes }
      : { version: found.version, code: read.code };
  }

  async #stored(digest: string): Promise<{ readonly version: store.StoredVersion; readonly bytes: Uint8Array }> {
    const db = this.#options.database.kysely;
    const version = await store.findVersion(db, digest);
    const bytes = version && await store.readStoredArchive(db, version);
    if (version === undefined || bytes === undefined) {
      throw new ChatError("not_found", `No version ${digest} is installed or kept`, { field: "digest" });
    }
    return { version, bytes };
  }

  /** Finds out before it is in force whether it has what its manifest says. */
  async #start(version: store.StoredVersion, code: PluginCode, signal: AbortSignal): Promise<void> {
    if (this.#checked.has(version.digest)) return;
    const { name, digest, manifest, granted } = version;
    await this.#options.launcher.check({ name, version: version.version, digest, manifest, granted, code }, signal);
    if (this.#checked.size >= CHECKED_KEPT) this.#checked.clear();
    this.#checked.add(digest);
  }
}

function toVersion(
  { digest, manifest, code }: Awaited<ReturnType<typeof readArchive>>,
  signatures: store.StoredVersion["signatures"],
): store.StoredVersion {
  const { name, version, permissions } = manifest;
  // Everything that it asks for must be granted, so what it was granted is what it asks for.
  return { name, digest, version, manifest, remote: code.kind === "remote", signatures, granted: permissions ?? NO_PERMISSIONS };
}

function requireNotBuiltIn(current: store.StoredPlugin | undefined): void {
  if (current?.builtIn !== true) return;
  throw new ChatError("failed_precondition", `Plugin "${current.name}" comes with this system: another one needs another name`, {
    field: "archive",
  });
}

function notGranted({ name, version }: store.StoredVersion, missing: PluginPermissions): ChatError {
  const text = `Plugin "${name}" ${version} asks for what was not granted: ${permissionsInWords(missing)}`;
  return new ChatError("permission_denied", text.slice(0, 2_048), { field: "granted" });
}
