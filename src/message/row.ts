import type { Message, MessageDecision, MessageEventType } from "../contracts/mod.ts";

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
  readonly plugins: PluginMarks | null;
}

/** What plugins had to do with a message, as it is stored: what is empty is left out, and all of it where nothing is left. */
export interface PluginMarks {
  readonly decisions?: readonly MessageDecision[];
  readonly via?: readonly string[];
}

/** The event a row is told of by. */
export interface RowEvent {
  readonly seq: number;
  readonly eventType: MessageEventType;
}

/** A row as the contract has it. */
export function messageOf(room: string, row: MessageRow, event: RowEvent): Message {
  const message: Message = {
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
  return row.plugins === null ? message : { ...message, ...row.plugins };
}

const encoder = new TextEncoder();
/** What a message's numbers, names and framing come to at most, on the wire and about as much in memory. */
const FIXED_BYTES = 640;
/** The same of a plugin's name, and of a decision with the plugin's version. */
const NAME_BYTES = 72;
const DECISION_BYTES = 256;

/** An upper estimate of the bytes a message takes on the wire. */
export function messageBytes(message: Message): number {
  let bytes = FIXED_BYTES + encoder.encode(message.content).byteLength;
  for (const [key, value] of Object.entries(message.metadata)) {
    bytes += 16 + encoder.encode(key).byteLength + encoder.encode(value).byteLength;
  }
  for (const { reason, failure } of message.decisions ?? []) {
    bytes += DECISION_BYTES + encoder.encode(reason).byteLength + encoder.encode(failure).byteLength;
  }
  return bytes + NAME_BYTES * (message.via?.length ?? 0);
}
