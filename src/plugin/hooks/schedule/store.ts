/**
 * Which time of each schedule was taken last: of all servers one takes each time.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Schema } from "../../../database/schema.ts";

/** Names a schedule. */
export interface ScheduleKey {
  readonly plugin: string;
  readonly hook: string;
}

/** The time that was taken last; of a schedule that is new, `nowMs`. */
export async function readDue(db: Kysely<Schema>, { plugin, hook }: ScheduleKey, nowMs: number): Promise<number> {
  const { rows: [row] } = await sql<{ due_ms: number }>`
    insert into plugin_schedules as stored (plugin, hook, due_ms) values (${plugin}, ${hook}, ${nowMs}::bigint)
    on conflict (plugin, hook) do update set due_ms = stored.due_ms returning due_ms`.execute(db);
  return row?.due_ms ?? nowMs;
}

/** Takes a time for this server; false: another one has taken it, or a later one. */
export async function takeDue(db: Kysely<Schema>, { plugin, hook }: ScheduleKey, dueMs: number): Promise<boolean> {
  const { rows } = await sql`
    update plugin_schedules set due_ms = ${dueMs}::bigint where plugin = ${plugin} and hook = ${hook} and due_ms < ${dueMs}::bigint
    returning due_ms`.execute(db);
  return rows.length > 0;
}
