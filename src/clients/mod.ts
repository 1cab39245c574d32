/**
 * The clients of the chat system's four services.
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
  AiModel,
  CancelGenerationResponse,
  Citation,
  ContextSource,
  ConversationTurn,
  Correction,
  CreateMessageRequest,
  DeleteDocumentResponse,
  DeleteMessageResponse,
  DisablePluginRequest,
  DocumentKey,
  ExecutePluginRequest,
  ExecutePluginResponse,
  GeneratedResponse,
  GenerateRequest,
  Generation,
  GenerationKey,
  GenerationPart,
  GenerationPartNews,
  GenerationPartPlace,
  GenerationUsage,
  GetMessagesRequest,
  GetMessagesResponse,
  Highlight,
  HookDecision,
  HookTable,
  IndexDocumentRequest,
  IndexDocumentResponse,
  IndexProgress,
  InstallPluginRequest,
  InstallPluginResponse,
  ListDocumentsRequest,
  ListDocumentsResponse,
  ListModelsResponse,
  ListPluginsRequest,
  ListPluginsResponse,
  ListRevisionsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  Message,
  MessageBatch,
  MessageDecision,
  MessageEventType,
  MessageKey,
  MessageRevision,
  MessageStream,
  Passage,
  PassageDocument,
  PassageMessage,
  Plugin,
  PluginAction,
  PluginHook,
  PluginKey,
  PluginLimits,
  PluginLogLine,
  PluginManifest,
  PluginOutput,
  PluginPermissions,
  PluginSignature,
  PluginVersion,
  RagContextRequest,
  RagContextResponse,
  RagDocument,
  Room,
  RoomKey,
  RunHooksRequest,
  RunHooksResponse,
  ScoreParts,
  SearchDocumentsRequest,
  SearchDocumentsResponse,
  SearchResult,
  Sentiment,
  SentimentRequest,
  SentimentsRequest,
  SentimentsResponse,
  StreamMessagesRequest,
  StreamPluginLogsRequest,
  UninstallPluginRequest,
  UninstallPluginResponse,
  UpdateMessageRequest,
  UpdateRoomRequest,
} from "../contracts/mod.ts";
export type { TraceContext } from "../core/context.ts";
export { ChatError, type ErrorCode, type ErrorDetails } from "../core/errors.ts";
export { AIServiceClient } from "./ai_client.ts";
export { MessageServiceClient } from "./message_client.ts";
export type { CallOptions, ClientTls, ServiceClientOptions, StreamOptions } from "./options.ts";
export { PluginServiceClient } from "./plugin_client.ts";
export { RAGServiceClient } from "./rag_client.ts";
export type { MethodConfig, RetryPolicy, ServiceConfig } from "./service_config.ts";
export type { TokenSource } from "./token.ts";
