/**
 * Generations in the database. A server that is at one holds it until a time that it puts off again and again; one that is held no longer and still
 * runs has lost its server, and whoever sees that first writes so.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { GenerationPart } from "../contracts/mod.ts";
import type { Schema } from "../database/schema.ts";

/** A server that dies leaves its generations running for so long. */
export const HOLD_MS = 15_000;
const INTERRUPTED = "The server that was at the answer has stopped";
const MAX_BATCHES_READ = 200;

/** The database's clock, so that servers need not agree on theirs. */
const nowMs = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** What became of a generation. */
export type GenerationStatus = "running" | "done" | "failed" | "cancelled" | "interrupted";

/** A generation without its parts. */
export interface GenerationRow {
  readonly id: number;
  readonly request_id: string;
  readonly fingerprint: string;
  readonly status: GenerationStatus;
  readonly last_seq: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  /** It runs, and nobody holds it any more. */
  readonly lost: boolean;
}

/** Names a generation: the caller's own name for it, and the caller. */
export interface GenerationName {
  readonly owner: string;
  readonly requestId: string;
}

/** Begins a generation; undefined when there is one of this name already. */
export async function insertGeneration(
  db: Kysely<Schema>,
  { owner, requestId, fingerprint, holder }: GenerationName & { readonly fingerprint: string; readonly holder: string },
): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    insert into ai_generations (owner, request_id, fingerprint, holder, held_until_ms, created_at_ms, updated_at_ms)
    values (${owner}, ${requestId}, ${fingerprint}, ${holder}, ${nowMs} + ${HOLD_MS}::bigint, ${nowMs}, ${nowMs})
    on conflict (owner, request_id) do nothing returning id`.execute(db);
  return rows[0]?.id;
}

/** The generation of this name. */
export async function findGeneration(db: Kysely<Schema>, { owner, requestId }: GenerationName): Promise<GenerationRow | undefined> {
  const { rows } = await sql<GenerationRow>`
    select id, request_id, fingerprint, status, last_seq, error_code, error_message, created_at_ms, updated_at_ms,
      status = 'running' and held_until_ms < ${nowMs} as lost
    from ai_generations where owner = ${owner} and request_id = ${requestId}`.execute(db);
  return rows[0];
}

/** Parts to be stored, with what became of the generation where these are its last. */
export interface PartBatch {
  readonly id: number;
  /** Of the first part; none: there are no parts. */
  readonly firstSeq?: number | undefined;
  readonly lastSeq: number;
  /** As a JSON list. */
  readonly parts: string;
  readonly status: GenerationStatus;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/**
 * Stores parts of different generations in one transaction; tells which of the generations are this server's still. The same batch again changes nothing.
 * Rows are locked in the order of their ids, here and wherever several are, so that nobody waits in a circle.
 */
export async function appendParts(db: Kysely<Schema>, holder: string, batches: readonly PartBatch[]): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ id: number }>`
    with given as (
      select * from unnest(${batches.map(({ id }) => id)}::int8[], ${batches.map(({ firstSeq }) => firstSeq ?? null)}::int4[],
        ${batches.map(({ lastSeq }) => lastSeq)}::int4[], ${batches.map(({ parts }) => parts)}::text[], ${
    batches.map(({ status }) => status)
  }::text[],
        ${batches.map(({ error }) => error?.code ?? null)}::text[], ${batches.map(({ error }) => error?.message ?? null)}::text[])
      as given (id, first_seq, last_seq, parts, status, error_code, error_message)),
    locked as materialized (
      select id from ai_generations where id = any(${batches.map(({ id }) => id)}::int8[]) and holder = ${holder} order by id for update),
    held as (
      update ai_generations set last_seq = given.last_seq, status = given.status, held_until_ms = ${nowMs} + ${HOLD_MS}::bigint,
        error_code = given.error_code, error_message = given.error_message, updated_at_ms = ${nowMs}
      from given join locked using (id)
      where ai_generations.id = given.id and (ai_generations.status = 'running' or ai_generations.last_seq = given.last_seq)
      returning ai_generations.id),
    stored as (
      insert into ai_generation_parts (generation_id, first_seq, last_seq, parts)
      select id, first_seq, last_seq, parts from given join held using (id) where first_seq is not null on conflict do nothing)
    select id from held`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Parts after `afterSeq`, in order; of a long answer not all at once. */
export async function readParts(db: Kysely<Schema>, id: number, afterSeq: number): Promise<readonly GenerationPart[]> {
  const rows = await db.selectFrom("ai_generation_parts").select("parts").where("generation_id", "=", id).where("last_seq", ">", afterSeq)
    .orderBy("first_seq").limit(MAX_BATCHES_READ).execute();
  return rows.flatMap(({ parts }) => JSON.parse(parts) as GenerationPart[]).filter(({ seq }) => seq > afterSeq);
}

/** Every part of a generation. */
export async function readAllParts(db: Kysely<Schema>, id: number): Promise<readonly GenerationPart[]> {
  const all: GenerationPart[] = [];
  for (let more = await readParts(db, id, 0); more.length > 0; more = await readParts(db, id, all.at(-1)!.seq)) all.push(...more);
  return all;
}

/** Holds generations for longer; tells which of them still are this server's, and which are to be cancelled. */
export async function renewHolds(db: Kysely<Schema>, holder: string): Promise<ReadonlyMap<number, { readonly cancelAsked: boolean }>> {
  const { rows } = await sql<{ id: number; cancel_asked: boolean }>`
    with locked as materialized (
      select id from ai_generations where holder = ${holder} and status = 'running' order by id for update)
    update ai_generations set held_until_ms = ${nowMs} + ${HOLD_MS}::bigint from locked
    where ai_generations.id = locked.id returning ai_generations.id, cancel_asked`.execute(db);
  return new Map(rows.map((row) => [row.id, { cancelAsked: row.cancel_asked }]));
}

/** Asks the server that is at a generation to end it; false when it does not run any more. */
export async function askCancel(db: Kysely<Schema>, id: number): Promise<boolean> {
  const rows = await db.updateTable("ai_generations").set({ cancel_asked: true }).where("id", "=", id).where("status", "=", "running")
    .returning("id").execute();
  return rows.length > 0;
}

/** Ends every generation whose server has stopped, with an error part as its last; tells how many there were. */
export async function endLost(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql`
    with locked as materialized (
      select id from ai_generations where status = 'running' and held_until_ms < ${nowMs} order by id for update),
    lost as (
      update ai_generations set status = 'interrupted', last_seq = last_seq + 1, error_code = 'UNAVAILABLE', error_message = ${INTERRUPTED},
        updated_at_ms = ${nowMs}
      from locked where ai_generations.id = locked.id returning ai_generations.id, last_seq, request_id)
    insert into ai_generation_parts (generation_id, first_seq, last_seq, parts)
    select id, last_seq, last_seq, json_build_array(json_build_object('content', '', 'isComplete', false, 'seq', last_seq, 'requestId', request_id,
      'kind', 'error', 'code', 'UNAVAILABLE', 'message', ${INTERRUPTED}::text))::text from lost returning generation_id`.execute(db);
  return rows.length;
}

/** Deletes one that has failed. */
export async function deleteFailed(db: Kysely<Schema>, id: number): Promise<void> {
  await db.deleteFrom("ai_generations").where("id", "=", id).where("status", "=", "failed").execute();
}

/** Deletes what ended longer ago than `keepMs`. */
export async function deleteOld(db: Kysely<Schema>, keepMs: number): Promise<void> {
  await sql`delete from ai_generations where status <> 'running' and updated_at_ms < ${nowMs} - ${keepMs}::bigint`.execute(db);
}
