/**
 * The tables as Kysely sees them; `migrations/` makes them. Every key begins with the room, and no transaction spans two rooms.
 *
 * @module
 */
import type { ColumnType, GeneratedAlways, JSONColumnType } from "kysely";

type Metadata = JSONColumnType<Record<string, string>>;
/** What plugins had to do with a message; mostly nothing. */
type PluginMarks = JSONColumnType<Readonly<Record<string, unknown>> | null, string | undefined>;

/** A room and the lock under which its positions are given out. */
export interface RoomsTable {
  room: string;
  /** The newest position given out; 0 in a new room. */
  head_seq: ColumnType<number, number | undefined>;
  /** Positions up to this one are no longer replayed. */
  kept_after_seq: ColumnType<number, number | undefined>;
  /** Times in a room never run backwards, so that a time is a position. */
  last_event_at_ms: ColumnType<number, number | undefined>;
}

/** What has been set for a room; apart from `rooms`, whose rows change with every message. */
export interface RoomSettingsTable {
  room: string;
  title: string;
  description: string;
  restricted: boolean;
  members: string[];
  documents: boolean;
  assistant: boolean;
  version: number;
  updated_at_ms: number;
}

/** Messages as they stand now; `id` is the position of the creation, which has no row of its own in `message_events`. */
export interface MessagesTable {
  room: string;
  id: number;
  version: ColumnType<number, number | undefined>;
  username: string;
  message_type: string;
  content: string;
  metadata: Metadata;
  client_message_id: string | null;
  created_at_ms: number;
  updated_at_ms: number;
  deleted: ColumnType<boolean, boolean | undefined>;
  plugins: PluginMarks;
}

/** Edits and deletions. */
export interface MessageEventsTable {
  room: string;
  seq: number;
  event_type: "edited" | "deleted";
  message_id: number;
  version: number;
  at_ms: number;
}

/** Versions that an edit has replaced; when and where each was made stands in `message_events` (version 1: in `messages`). */
export interface MessageRevisionsTable {
  room: string;
  message_id: number;
  version: number;
  content: string;
  metadata: Metadata;
  plugins: PluginMarks;
}

/** Since when a plugin is told of events. */
export interface PluginFollowersTable {
  plugin: string;
  since_ms: number;
}

/** How far a plugin has been told of a room's log, and which server is at it. */
export interface PluginPositionsTable {
  plugin: string;
  room: string;
  seq: number;
  attempts: ColumnType<number, number | undefined>;
  holder: ColumnType<string, string | undefined>;
  held_until_ms: ColumnType<number, number | undefined>;
}

/** The last time of a schedule that somebody has taken. */
export interface PluginSchedulesTable {
  plugin: string;
  hook: string;
  due_ms: number;
}

/** Which hooks there are, as the message service last heard; one row. */
export interface MessageHooksTable {
  name: string;
  hooks: JSONColumnType<readonly unknown[]>;
}

/** Slash commands that were begun, by the key that a repeat of one has. */
export interface MessageCommandsTable {
  room: string;
  client_message_id: string;
  username: string;
  held_until_ms: number;
  /** Null: it is not over. */
  answer: JSONColumnType<Readonly<Record<string, unknown>> | null, undefined>;
  begun_at_ms: number;
}

/** How far each room's derived tables follow its log. */
export interface RoomFoldsTable {
  room: string;
  counted_seq: number;
  searched_seq: number;
}

/** Messages that are not deleted, counted for each author and each block of positions; username '' counts all, block -1 the whole room. */
export interface MessageCountsTable {
  room: string;
  username: string;
  block: number;
  count: number;
}

/** The words of each message that is not deleted. */
export interface MessageWordsTable {
  room: string;
  message_id: number;
  words: string;
}

/** A collection of documents, the lock of its index, and the exact counts that ranking needs. */
export interface RagCollectionsTable {
  collection: string;
  id: GeneratedAlways<number>;
  documents: ColumnType<number, number | undefined>;
  chunks: ColumnType<number, number | undefined>;
  /** Terms of all chunks, repeats included. */
  total_length: ColumnType<number, number | undefined>;
  /** The first chunk number not given out yet. */
  next_chunk: ColumnType<number, number | undefined>;
  /** Documents of each language. */
  languages: JSONColumnType<Record<string, number>, string | undefined>;
  /** How often it has been changed. */
  version: ColumnType<number, number | undefined>;
}

/** The version of its collection that last changed a block of chunk numbers. */
export interface RagBlocksTable {
  collection_id: number;
  block: number;
  version: number;
}

/** A document as it stands now. */
export interface RagDocumentsTable {
  collection_id: number;
  document_id: string;
  content: string;
  content_hash: string;
  title: string;
  media_type: string;
  language: string;
  metadata: Metadata;
  chunk_count: number;
  /** The words that it counts for in `rag_words`. */
  words: string[];
  version: number;
  created_at_ms: number;
  updated_at_ms: number;
}

/** A chunk and the terms that it counts for, each with how often it occurs. */
export interface RagChunksTable {
  collection_id: number;
  chunk_no: number;
  document_id: string;
  ordinal: number;
  /** UTF-16 code units into the document's content. */
  start_at: number;
  end_at: number;
  heading: string;
  content: string;
  length: number;
  terms: string[];
  counts: number[];
}

/** A chunk's embedding: 32-bit floats, little-endian, of length 1. */
export interface RagVectorsTable {
  collection_id: number;
  chunk_no: number;
  model: string;
  vector: Uint8Array;
}

/** The embeddings of one model and size, as far as pgvector indexes them. */
export interface RagVectorSpacesTable {
  id: GeneratedAlways<number>;
  model: string;
  dimensions: number;
  ready: ColumnType<boolean, boolean | undefined>;
}

/** Where a term occurs within one block of chunk numbers. */
export interface RagPostingsTable {
  collection_id: number;
  term: string;
  block: number;
  data: Uint8Array;
}

/** In how many chunks a term occurs. */
export interface RagTermsTable {
  collection_id: number;
  term: string;
  df: number;
}

/** In how many documents a word occurs, and its trigrams, for the correction of unknown words. */
export interface RagWordsTable {
  collection_id: number;
  word: string;
  df: number;
  grams: string[];
}

/** API keys, without the keys themselves. */
export interface ApiKeysTable {
  id: string;
  hash: string;
  label: string;
  username: string;
  scopes: string[];
  rooms: string[] | null;
  created_at_ms: number;
  expires_at_ms: number | null;
  revoked_at_ms: number | null;
}

/** How often the keys have changed; one row. */
export interface ApiKeyChangesTable {
  scope: string;
  version: number;
}

/** How far the documents made of a room's messages follow its log, and which server is at it. */
export interface RagRoomsTable {
  room: string;
  seq: ColumnType<number, number | undefined>;
  holder: string;
  held_until_ms: number;
}

/** An answer of the AI service, and which server is at it. */
export interface AiGenerationsTable {
  id: GeneratedAlways<number>;
  owner: string;
  request_id: string;
  /** Of the request's content. */
  fingerprint: string;
  status: ColumnType<string, string | undefined>;
  holder: string;
  held_until_ms: number;
  cancel_asked: ColumnType<boolean, boolean | undefined>;
  last_seq: ColumnType<number, number | undefined>;
  error_code: string | null;
  error_message: string | null;
  created_at_ms: number;
  updated_at_ms: number;
}

/** Neighbouring parts of an answer, as one JSON text. */
export interface AiGenerationPartsTable {
  generation_id: number;
  first_seq: number;
  last_seq: number;
  parts: string;
}

/** How far the assistant follows a room's log. */
export interface AiRoomsTable {
  room: string;
  seq: number;
  /** What was said before is not answered. */
  since_ms: number;
}

/** A message that the assistant answers, and which server is at it. */
export interface AiQuestionsTable {
  room: string;
  message_id: number;
  asker: string;
  /** Names the answer and its generation, and nobody else knows it beforehand. */
  nonce: string;
  status: ColumnType<string, string | undefined>;
  holder: ColumnType<string, string | undefined>;
  held_until_ms: ColumnType<number, number | undefined>;
  attempts: ColumnType<number, number | undefined>;
  /** So many others of its asker waited that it is refused. */
  crowded: boolean;
  asked_at_ms: number;
}

/** How often plugins have been changed; one row, under whose lock they are. */
export interface PluginChangesTable {
  scope: string;
  version: number;
}

/** A plugin, and which of its versions is in force. */
export interface PluginsTable {
  name: string;
  digest: string;
  enabled: boolean;
  problem: string;
  /** Because it failed too often. */
  failed: ColumnType<boolean, boolean | undefined>;
  built_in: boolean;
  installed_at_ms: number;
  updated_at_ms: number;
}

/** A version of a plugin, and what it was granted. */
export interface PluginVersionsTable {
  name: string;
  digest: string;
  version: string;
  /** As in the contract. */
  manifest: JSONColumnType<Record<string, unknown>>;
  /** Of its hooks. */
  events: string[];
  remote: boolean;
  archive: Uint8Array;
  signatures: JSONColumnType<{ key_id: string; signature: string }[]>;
  granted: JSONColumnType<Record<string, unknown>>;
  installed_at_ms: number;
  installed_by: string;
}

/** Which data are a plugin's. */
export interface PluginDataTable {
  name: string;
  data_id: number;
}

/** A value that a plugin keeps. */
export interface PluginStorageTable {
  plugin: string;
  key: string;
  value: string;
  /** 1 when first set, one more with each change. */
  version: number;
}

/** How much a plugin keeps in `plugin_storage`; locked by whoever changes a value there. */
export interface PluginStorageUseTable {
  plugin: string;
  keys: number;
  /** Of keys and values, as UTF-8. */
  bytes: number;
}

/** Every table. */
export interface Schema {
  plugin_changes: PluginChangesTable;
  plugins: PluginsTable;
  plugin_versions: PluginVersionsTable;
  plugin_data: PluginDataTable;
  ai_rooms: AiRoomsTable;
  ai_questions: AiQuestionsTable;
  ai_generations: AiGenerationsTable;
  ai_generation_parts: AiGenerationPartsTable;
  api_keys: ApiKeysTable;
  api_key_changes: ApiKeyChangesTable;
  plugin_storage: PluginStorageTable;
  plugin_storage_use: PluginStorageUseTable;
  rag_collections: RagCollectionsTable;
  rag_blocks: RagBlocksTable;
  rag_documents: RagDocumentsTable;
  rag_chunks: RagChunksTable;
  rag_vectors: RagVectorsTable;
  rag_vector_spaces: RagVectorSpacesTable;
  rag_postings: RagPostingsTable;
  rag_terms: RagTermsTable;
  rag_words: RagWordsTable;
  rag_rooms: RagRoomsTable;
  rooms: RoomsTable;
  room_settings: RoomSettingsTable;
  messages: MessagesTable;
  message_events: MessageEventsTable;
  message_revisions: MessageRevisionsTable;
  room_folds: RoomFoldsTable;
  message_counts: MessageCountsTable;
  message_words: MessageWordsTable;
  message_hooks: MessageHooksTable;
  message_commands: MessageCommandsTable;
  plugin_followers: PluginFollowersTable;
  plugin_positions: PluginPositionsTable;
  plugin_schedules: PluginSchedulesTable;
}
