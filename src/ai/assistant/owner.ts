import type { Kysely } from "kysely";
import { type Caller, mayUseName } from "../../core/caller.ts";
import type { Schema } from "../../database/schema.ts";
import { ASSISTANT } from "./mention.ts";
import { findAsker } from "./store.ts";

/**
 * Whose generation a caller means by a name: its own, or the assistant's where the caller is who asked it, or may write in that name. Anybody else is
 * told what is told of a name that nobody has.
 */
export async function ownerFor(db: Kysely<Schema>, requestId: string, caller: Caller): Promise<string> {
  const asked = await findAsker(db, requestId);
  return asked !== undefined && (caller.rooms?.has(asked.room) ?? true) && mayUseName(caller, asked.asker) ? ASSISTANT : caller.id;
}
