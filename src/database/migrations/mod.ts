import { messages } from "./0001_messages.ts";
import { rag } from "./0002_rag.ts";
import { roomSettings } from "./0003_room_settings.ts";
import { ragBlocks } from "./0004_rag_blocks.ts";
import { apiKeys } from "./0005_api_keys.ts";
import { ragRooms } from "./0006_rag_rooms.ts";
import { ragVectorSpaces } from "./0007_rag_vector_spaces.ts";
import { aiGenerations } from "./0008_ai_generations.ts";
import { aiQuestions } from "./0009_ai_questions.ts";
import { plugins } from "./0010_plugins.ts";
import { pluginHooks } from "./0011_plugin_hooks.ts";
import { pluginStorage } from "./0012_plugin_storage.ts";
import { pluginEvents } from "./0013_plugin_events.ts";
import { pluginFailed } from "./0014_plugin_failed.ts";

/** One step of the schema: SQL that runs on PGlite and Postgres, in one transaction. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Every step, in order; the position plus one is the version. Released steps never change, new ones go to the end. */
export const migrations: readonly Migration[] = [
  { name: "messages", sql: messages },
  { name: "rag", sql: rag },
  { name: "room settings", sql: roomSettings },
  { name: "versions of document blocks", sql: ragBlocks },
  { name: "API keys", sql: apiKeys },
  { name: "rag rooms", sql: ragRooms },
  { name: "spaces of embeddings", sql: ragVectorSpaces },
  { name: "AI generations", sql: aiGenerations },
  { name: "AI questions", sql: aiQuestions },
  { name: "plugins", sql: plugins },
  { name: "plugin hooks", sql: pluginHooks },
  { name: "values of plugins", sql: pluginStorage },
  { name: "events of plugins", sql: pluginEvents },
  { name: "plugins that failed", sql: pluginFailed },
];
