/**
 * What the message service keeps of plugins: the hooks that it last heard of, and the commands that were begun.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { PluginHook } from "../../contracts/mod.ts";
import type { Schema } from "../../database/schema.ts";

/** A hook and whose it is. */
export interface KnownHook {
  readonly plugin: string;
  readonly hook: PluginHook;
}

/** The one row of hooks there is. */
const LAST_HEARD = "last heard";
/** As long as somebody may still send a command again. */
const KEEP_MS = 86_400_000;

/** The database's clock, so that servers need not agree on theirs. */
const nowMs = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** The hooks as they were last heard of; none if they never were. */
export async function readHooks(db: Kysely<Schema>): Promise<readonly KnownHook[]> {
  const row = await db.selectFrom("message_hooks").select("hooks").where("name", "=", LAST_HEARD).executeTakeFirst();
  return (row?.hooks ?? []) as readonly KnownHook[];
}

/** Keeps the hooks for servers that start while nobody can tell them. */
export async function storeHooks(db: Kysely<Schema>, hooks: readonly KnownHook[]): Promise<void> {
  await sql`
    insert into message_hooks (name, hooks) values (${LAST_HEARD}, ${JSON.stringify(hooks)}::text::jsonb)
    on conflict (name) do update set hooks = excluded.hooks`.execute(db);
}

/** A command, as a repeat of it is known. */
export interface CommandKey {
  readonly room: string;
  readonly clientMessageId: string;
}

/** What became of a command: its response, or the error that its author got. */
export type CommandAnswer =
  | { readonly kind: "response"; readonly plugin: string; readonly version: string; readonly content: string; readonly atMs: number }
  | { readonly kind: "failure"; readonly plugin: string; readonly message: string };

/** A command that was begun before. */
export interface BegunCommand {
  readonly username: string;
  /** Undefined: it is not over. */
  readonly answer: CommandAnswer | undefined;
  /** Whoever ran it may still be at it. */
  readonly held: boolean;
}

/** Takes a command for this call; gives what there is where another call has it, and undefined where this one has it now. */
export async function beginCommand(
  db: Kysely<Schema>,
  { room, clientMessageId }: CommandKey,
  { username, holdMs }: { readonly username: string; readonly holdMs: number },
): Promise<BegunCommand | undefined> {
  const { rows: [begun] } = await sql`
    insert into message_commands (room, client_message_id, username, held_until_ms, begun_at_ms)
    values (${room}, ${clientMessageId}, ${username}, ${nowMs} + ${holdMs}::bigint, ${nowMs}) on conflict do nothing returning room`
    .execute(db);
  return begun === undefined ? await readCommand(db, { room, clientMessageId }) : undefined;
}

/** What there is of a command that was begun. */
export async function readCommand(db: Kysely<Schema>, { room, clientMessageId }: CommandKey): Promise<BegunCommand> {
  const { rows: [row] } = await sql<{ username: string; answer: CommandAnswer | null; held: boolean }>`
    select username, answer, held_until_ms >= ${nowMs} as held from message_commands
    where room = ${room} and client_message_id = ${clientMessageId}`.execute(db);
  return { username: row?.username ?? "", answer: row?.answer ?? undefined, held: row?.held ?? false };
}

/** Keeps what became of a command, for repeats. */
export async function endCommand(db: Kysely<Schema>, { room, clientMessageId }: CommandKey, answer: CommandAnswer): Promise<void> {
  await sql`
    update message_commands set answer = ${JSON.stringify(answer)}::text::jsonb
    where room = ${room} and client_message_id = ${clientMessageId}`.execute(db);
}

/** Takes back that a command was begun: it was none. */
export async function dropCommand(db: Kysely<Schema>, { room, clientMessageId }: CommandKey): Promise<void> {
  await db.deleteFrom("message_commands").where("room", "=", room).where("client_message_id", "=", clientMessageId).execute();
}

/** Forgets commands of a room that nobody sends again any more, some at a time. */
export async function forgetCommands(db: Kysely<Schema>, room: string): Promise<void> {
  await sql`
    delete from message_commands where room = ${room} and client_message_id in (
      select client_message_id from message_commands where room = ${room} and begun_at_ms < ${nowMs} - ${KEEP_MS}::bigint limit 100)`
    .execute(db);
}

/** Whether a message with this key is stored in the room. */
export async function hasKey(db: Kysely<Schema>, { room, clientMessageId }: CommandKey): Promise<boolean> {
  const found = await db.selectFrom("messages").select("id").where("room", "=", room).where("client_message_id", "=", clientMessageId)
    .executeTakeFirst();
  return found !== undefined;
}
