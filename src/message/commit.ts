/**
 * Runs one batch of creations against the database through what can go wrong there, and turns it into messages.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Message } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import { isConnectionLoss, isIntegerOverflow, isUniqueViolation, toChatError } from "../database/errors.ts";
import type { Schema } from "../database/schema.ts";
import type { CommitBatch, CommitResult } from "./create_queue.ts";
import { messageOf } from "./row.ts";
import { type CreatedBatch, insertMessages } from "./store_writes.ts";
import type { ValidCreate } from "./validate.ts";

/** How long a lost database is waited for; a restart takes one to three seconds. */
const RECONNECT_MS = 5_000;
/** Between two tries. */
const RETRY_MS = 100;
/** A key that another replica stored in the same moment is seen by the next try; more than a few in a row is not chance. */
const MAX_KEY_RACES = 10;

/** What a committed batch is good for besides its answers. */
export type OnCommitted = (room: string, created: readonly Message[]) => void;

/** Makes the {@link CommitBatch} of a database; `onCommitted` is told of new messages, in order of position, before callers are answered. */
export function committer(db: Kysely<Schema>, onCommitted: OnCommitted): CommitBatch {
  const commit: CommitBatch = async (room, batch, retryUntil) => {
    try {
      const stored = await insertWithRetry(db, room, batch, retryUntil);
      return results(room, batch, stored, onCommitted);
    } catch (error) {
      if (error instanceof KeylessLoss) return await withoutKeyless(error, { room, batch, retryUntil, commit });
      if (isIntegerOverflow(error)) throw new ChatError("resource_exhausted", `Room "${room}" is full: its positions are used up`);
      if (batch.length === 1 || toChatError(error) instanceof ChatError) throw toChatError(error);
      return await oneByOne(room, batch, retryUntil, commit);
    }
  };
  return commit;
}

/** The connection was lost while messages without a key were under way: whether they are stored cannot be found out. */
class KeylessLoss extends Error {
  override readonly name = "KeylessLoss";
}

async function insertWithRetry(
  db: Kysely<Schema>,
  room: string,
  batch: readonly ValidCreate[],
  retryUntil: AbortSignal,
): Promise<CreatedBatch> {
  const giveUpAt = Date.now() + RECONNECT_MS;
  for (let keyRaces = 0;;) {
    try {
      return await insertMessages(db, room, batch);
    } catch (error) {
      if (isUniqueViolation(error, "messages_client_message_id") && keyRaces++ < MAX_KEY_RACES) continue;
      if (!isConnectionLoss(error)) throw error;
      if (batch.some((create) => create.clientMessageId === undefined)) throw new KeylessLoss("Connection lost", { cause: error });
      if (Date.now() >= giveUpAt || retryUntil.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

interface Attempt {
  readonly room: string;
  readonly batch: readonly ValidCreate[];
  readonly retryUntil: AbortSignal;
  readonly commit: CommitBatch;
}

/** Fails the messages without a key and commits the others again: their keys tell whether the lost try had stored them. */
async function withoutKeyless(loss: KeylessLoss, { room, batch, retryUntil, commit }: Attempt): Promise<CommitResult[]> {
  const text = "The database connection was lost while storing; without a client_message_id it is unknown whether the message is stored";
  const error = new ChatError("unavailable", text, { cause: loss.cause });
  const keyed = batch.filter((create) => create.clientMessageId !== undefined);
  const keyedResults = keyed.length === 0
    ? []
    : await commit(room, keyed, retryUntil).catch((error): CommitResult[] => keyed.map(() => ({ error })));
  const byCreate = new Map(keyed.map((create, index) => [create, keyedResults[index]]));
  return batch.map((create) => byCreate.get(create) ?? { error });
}

/** One message that the database refuses must not fail the others of its batch. */
async function oneByOne(
  room: string,
  batch: readonly ValidCreate[],
  retryUntil: AbortSignal,
  commit: CommitBatch,
): Promise<CommitResult[]> {
  const outcomes: CommitResult[] = [];
  for (const create of batch) {
    const [outcome] = await commit(room, [create], retryUntil).catch((error): CommitResult[] => [{ error }]);
    outcomes.push(outcome ?? { error: new Error("A committed message gave no result") });
  }
  return outcomes;
}

function results(room: string, batch: readonly ValidCreate[], stored: CreatedBatch, onCommitted: OnCommitted): CommitResult[] {
  const created: Message[] = [];
  let seq = stored.headSeq - (batch.length - stored.repeats.size);
  const outcome = batch.map((create, index): CommitResult => {
    const repeat = stored.repeats.get(index);
    if (repeat !== undefined) return { message: messageOf(room, repeat, { seq: repeat.id, eventType: "created" }) };
    const message = createdMessage(create, ++seq, stored.atMs);
    created.push(message);
    return { message };
  });
  if (created.length > 0) onCommitted(room, created);
  return outcome;
}

function createdMessage(create: ValidCreate, seq: number, atMs: number): Message {
  const { room, content, username, messageType, metadata, clientMessageId, plugins } = create;
  const timestamp = Math.floor(atMs / 1000);
  const message: Message = {
    id: seq,
    content,
    username,
    messageType,
    timestamp,
    metadata,
    room,
    seq,
    eventType: "created",
    version: 1,
    createdAtMs: atMs,
    updatedAtMs: atMs,
    clientMessageId: clientMessageId ?? "",
    deleted: false,
  };
  return plugins === undefined ? message : { ...message, ...plugins };
}
