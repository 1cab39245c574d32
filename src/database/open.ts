import type { DatabaseConfig } from "../config/config.ts";
import { abortError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { Database } from "./database.ts";
import { toChatError } from "./errors.ts";
import { openPglite } from "./pglite/open.ts";
import { openPostgres } from "./postgres/open.ts";

/** What opening a database needs besides its settings. */
export interface OpenOptions {
  readonly log: Log;
  /** Gives up when it fires: what is open by then is closed again. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the database of `config`, brings its schema up to date and starts watching its health.
 * Throws `ChatError` with one sentence for whoever starts the program: a directory that is held, not writable or of another version, a server
 * that cannot be reached or is too old, a bad URL, a schema from a newer program. Passwords are in no text.
 */
export async function openDatabase(config: DatabaseConfig, options: OpenOptions): Promise<Database> {
  const { log, signal } = options;
  if (signal?.aborted) throw abortError(signal);
  try {
    const database = await openKind(config, log);
    if (!signal?.aborted) return database;
    await database.close();
  } catch (error) {
    throw toChatError(error);
  }
  throw abortError(signal);
}

function openKind(config: DatabaseConfig, log: Log): Promise<Database> {
  return config.kind === "pglite" ? openPglite(config.dataDir, log) : openPostgres(config, log);
}
