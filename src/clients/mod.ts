/**
 * The client of the chat system.
 *
 * ```ts
 * import { MessageServiceClient } from "@chat/system";
 *
 * await using client = new MessageServiceClient({ address: "127.0.0.1:50051" });
 * const message = await client.createMessage({ username: "alice", content: "Hello" });
 * for await (const next of client.streamMessages({ afterSeq: message.seq })) console.log(next.content);
 * ```
 *
 * @module
 */
export type {
  ContextSource,
  Correction,
  CreateMessageRequest,
  DeleteDocumentResponse,
  DeleteMessageResponse,
  DocumentKey,
  GetMessagesRequest,
  GetMessagesResponse,
  Highlight,
  IndexDocumentRequest,
  IndexDocumentResponse,
  IndexProgress,
  ListDocumentsRequest,
  ListDocumentsResponse,
  ListRevisionsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  Message,
  MessageBatch,
  MessageEventType,
  MessageKey,
  MessageRevision,
  MessageStream,
  RagContextRequest,
  RagContextResponse,
  RagDocument,
  Room,
  RoomKey,
  ScoreParts,
  SearchDocumentsRequest,
  SearchDocumentsResponse,
  SearchResult,
  StreamMessagesRequest,
  UpdateMessageRequest,
  UpdateRoomRequest,
} from "../contracts/mod.ts";
export type { TraceContext } from "../core/context.ts";
export { ChatError, type ErrorCode, type ErrorDetails } from "../core/errors.ts";
export {
  AIServiceClient,
  type GeneratedChunk,
  type GeneratedResponse,
  type GenerateRequest,
  type Sentiment,
  type SentimentRequest,
} from "./ai_client.ts";
export { MessageServiceClient } from "./message_client.ts";
export type { CallOptions, ClientTls, MessageServiceClientOptions, StreamOptions } from "./options.ts";
export { RAGServiceClient } from "./rag_client.ts";
