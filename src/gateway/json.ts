/**
 * Answers as JSON: the protos' field names, every field present with its default. int64 is a JSON number, not a string as in
 * protobuf's own JSON, because positions and times stay far below 2^53.
 *
 * @module
 */
import type { DeleteMessageResponse, GetMessagesResponse, ListRevisionsResponse, Message, MessageRevision } from "../contracts/mod.ts";

/** `chat.MessageResponse`. */
export function messageJson(message: Message) {
  return {
    id: message.id,
    content: message.content,
    username: message.username,
    message_type: message.messageType,
    timestamp: message.timestamp,
    metadata: message.metadata,
    room: message.room,
    seq: message.seq,
    event_type: message.eventType,
    version: message.version,
    created_at_ms: message.createdAtMs,
    updated_at_ms: message.updatedAtMs,
    client_message_id: message.clientMessageId,
    deleted: message.deleted,
  };
}

/** `chat.GetMessagesResponse`. */
export function pageJson(page: GetMessagesResponse) {
  return {
    messages: page.messages.map(messageJson),
    total_count: page.totalCount,
    has_more: page.hasMore,
    next_seq: page.nextSeq,
    head_seq: page.headSeq,
  };
}

/** `chat.DeleteMessageResponse`. */
export function deletionJson(deletion: DeleteMessageResponse) {
  return { success: deletion.success, message: deletion.message, seq: deletion.seq };
}

/** `chat.ListRevisionsResponse`. */
export function revisionsJson(response: ListRevisionsResponse) {
  return { revisions: response.revisions.map(revisionJson) };
}

function revisionJson(revision: MessageRevision) {
  return {
    version: revision.version,
    content: revision.content,
    metadata: revision.metadata,
    seq: revision.seq,
    created_at_ms: revision.createdAtMs,
  };
}
