import type { Message, MessageEventType } from "../contracts/mod.ts";

/** A message as the database gives it. */
export interface MessageRow {
  readonly id: number;
  readonly version: number;
  readonly username: string;
  readonly message_type: string;
  readonly content: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly client_message_id: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly deleted: boolean;
}

/** The event a row is told of by. */
export interface RowEvent {
  readonly seq: number;
  readonly eventType: MessageEventType;
}

/** A row as the contract has it. */
export function messageOf(room: string, row: MessageRow, event: RowEvent): Message {
  return {
    id: row.id,
    content: row.content,
    username: row.username,
    messageType: row.message_type,
    timestamp: Math.floor(row.created_at_ms / 1000),
    metadata: row.metadata,
    room,
    seq: event.seq,
    eventType: event.eventType,
    version: row.version,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    clientMessageId: row.client_message_id ?? "",
    deleted: row.deleted,
  };
}

const encoder = new TextEncoder();
/** What a message's numbers, names and framing come to at most, on the wire and about as much in memory. */
const FIXED_BYTES = 640;

/** An upper estimate of the bytes a message takes on the wire. */
export function messageBytes(message: Message): number {
  let bytes = FIXED_BYTES + encoder.encode(message.content).byteLength;
  for (const [key, value] of Object.entries(message.metadata)) {
    bytes += 16 + encoder.encode(key).byteLength + encoder.encode(value).byteLength;
  }
  return bytes;
}
