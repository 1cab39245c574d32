import type { Kysely } from "kysely";
import type { Schema } from "../database/schema.ts";
import type { Log } from "../observability/log.ts";
import { type Installing, NOT_NAMED } from "./installing.ts";
import * as store from "./store.ts";

/** What the plugins that come with this system are put in force with. */
export interface BuiltInTools {
  readonly db: Kysely<Schema>;
  readonly installing: Installing;
  readonly log: Log;
}

/**
 * Installs the plugins that come with this system and are on, in the version that comes with it, and disables those that are on no longer. One that
 * somebody has disabled stays so.
 */
export async function syncBuiltIns(archives: readonly Uint8Array[], { db, installing, log }: BuiltInTools): Promise<void> {
  const named = new Set<string>();
  for (const archive of archives) {
    try {
      named.add(await installing.installBuiltIn(archive));
    } catch (error) {
      log.warn("A plugin that comes with this system is not installed", { error });
    }
  }
  for (const { name, builtIn, enabled, problem } of await store.readPlugins(db)) {
    if (!builtIn) continue;
    if (named.has(name) && problem === NOT_NAMED) await store.setEnabled(db, name, { enabled: true, problem: "" });
    if (!named.has(name) && enabled) await store.setEnabled(db, name, { enabled: false, problem: NOT_NAMED });
  }
}
