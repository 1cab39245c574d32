/**
 * What a plugin's author needs: the shape of a plugin's module and of what it is handed. Types only, so that importing them leaves nothing behind:
 *
 * ```ts
 * import type { Plugin } from "@chat/system/plugin";
 *
 * export default {
 *   actions: {
 *     greet: (input: { name?: string }, context) => ({ greeting: `Hello ${input.name ?? context.username}` }),
 *     async *count(input: { to: number }) {
 *       for (let n = 1; n <= input.to; n++) yield { n };
 *     },
 *   },
 *   hooks: {
 *     "message.before_create": (draft) => draft.content.includes("secret") ? { decision: "drop", reason: "It tells a secret" } : { decision: "allow" },
 *   },
 * } satisfies Plugin;
 * ```
 *
 * A plugin runs in a process of its own with the permissions that its manifest asks for and that were granted, and nothing else. One process works on one
 * call at a time; several processes may run, and each may end at any time, so whatever must last goes into {@link PluginStorage} or the data folder. Between
 * calls the process stands still: timers and requests under way go on with the next call. What `console` writes becomes the plugin's log; whatever is
 * written to standard output by other means ends the process. A `Worker` takes 512 MiB of the plugin's memory before it does anything.
 *
 * @module
 */

/** The default export of a plugin's module. Its names are those of the manifest. */
export interface Plugin {
  readonly actions?: Readonly<Record<string, PluginActionFunction>>;
  readonly hooks?: PluginHooks;
}

/**
 * Does what the action is for. `input` is as the manifest's schema says; whatever it returns must be JSON. An action that streams is an async generator,
 * and each value it yields is an output. Throwing an error refuses the call: its message is told to whoever called.
 */
// deno-lint-ignore no-explicit-any -- what the input is, the action's schema says
export type PluginActionFunction = (input: any, context: PluginContext) => unknown;

/** What a plugin is asked or told about messages. */
export interface PluginHooks {
  /** Decides about a message before it is stored. No answer allows it. */
  readonly "message.before_create"?: (
    draft: PluginDraft,
    context: PluginContext,
  ) => PluginHookAnswer | void | Promise<PluginHookAnswer | void>;
  /** Is told of a message once it is stored. */
  readonly "message.after_create"?: (message: PluginMessage, context: PluginContext) => unknown;
  /** Is told of a message once it is deleted; what it said is gone by then. */
  readonly "message.after_delete"?: (message: PluginMessage, context: PluginContext) => unknown;
}

/** A message that somebody wants to write. */
export interface PluginDraft {
  readonly content: string;
  readonly username: string;
  readonly room?: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The same twice is a repeat. */
  readonly clientMessageId?: string;
}

/** What a hook decides about a draft; each with a reason, which is told to the author of the message and kept with it. */
export type PluginHookAnswer =
  | { readonly decision: "allow"; readonly reason?: string }
  /** Only what is named is changed; who writes the message and where stays. */
  | {
    readonly decision: "rewrite";
    readonly reason?: string;
    readonly draft: { readonly content?: string; readonly messageType?: string; readonly metadata?: Readonly<Record<string, string>> };
  }
  /** The message is not stored. */
  | { readonly decision: "drop"; readonly reason?: string }
  /** The message is not stored, and its author is shown the response. */
  | { readonly decision: "respond"; readonly reason?: string; readonly response: string };

/** A stored message. Times ending in `Ms` are milliseconds since 1970, `timestamp` is seconds. */
export interface PluginMessage {
  /** Names the message in its room. */
  readonly id: number;
  readonly room: string;
  readonly content: string;
  readonly username: string;
  readonly messageType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly timestamp: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Its position in the room's log. */
  readonly seq: number;
  readonly version: number;
  readonly deleted: boolean;
}

/**
 * What one call is handed. Everything it may ask of the system needs a permission in the manifest (named at each member), is done in the name of the user
 * who triggered the call, and is refused once the call has ended. At most 8 requests at once; a refused one rejects with an `Error` whose `code` is that of
 * the system's errors, such as `permission_denied`.
 */
export interface PluginContext {
  /** On whose behalf; empty for a schedule. */
  readonly username: string;
  /** Where it happens; empty: in no room. */
  readonly room: string;
  /** Names the call in logs. */
  readonly requestId: string;
  /** Aborts when the caller has gone or the time is up. Whoever goes on 100 ms later is ended with the whole process. */
  readonly signal: AbortSignal;
  /** Decide, and change nothing. */
  readonly dryRun: boolean;
  /** The plugin's own folder, an absolute path without a slash at the end; undefined without the permission `data`. */
  readonly dataDir?: string;
  readonly messages: PluginMessages;
  readonly documents: PluginDocuments;
  readonly ai: PluginAi;
  readonly storage: PluginStorage;
  readonly log: PluginLog;
}

/** Messages of the rooms that were granted. */
export interface PluginMessages {
  /** Reads a page of a room. Permission `messages.read`. */
  read(request?: PluginMessagesRequest): Promise<{ readonly messages: readonly PluginMessage[]; readonly totalCount: number }>;
  /** Writes a message under the plugin's own name. Permission `messages.post`. */
  post(request: PluginPost): Promise<PluginMessage>;
}

/** Which messages to read; `room` is the call's unless it is named. */
export interface PluginMessagesRequest {
  readonly room?: string;
  /** 0 means 50; at most 500. */
  readonly limit?: number;
  readonly order?: "oldest" | "newest";
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  readonly username?: string;
  readonly sinceTimestamp?: number;
  readonly untilTimestamp?: number;
  /** Words to look for. */
  readonly search?: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A message to write; `room` is the call's unless it is named. */
export interface PluginPost {
  readonly content: string;
  readonly room?: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Writing twice with the same one writes once. */
  readonly clientMessageId?: string;
}

/** Documents that the user may read. */
export interface PluginDocuments {
  /** Finds the passages that answer a query best. Permission `documents.search`. */
  search(request: {
    readonly query: string;
    readonly collection?: string;
    /** 0 means 5. */
    readonly topK?: number;
    readonly similarityThreshold?: number;
    readonly filter?: string;
  }): Promise<{
    readonly results: readonly {
      readonly documentId: string;
      readonly title: string;
      readonly content: string;
      /** 0 to 1. */
      readonly similarityScore: number;
      readonly metadata: Readonly<Record<string, string>>;
    }[];
  }>;
}

/** Language models. */
export interface PluginAi {
  /** Asks a model. Permission `ai.generate`. */
  generate(request: {
    readonly prompt: string;
    readonly system?: string;
    readonly model?: string;
    readonly temperature?: number;
    readonly maxTokens?: number;
    readonly context?: readonly string[];
    readonly turns?: readonly { readonly role: "user" | "assistant"; readonly content: string }[];
    readonly stop?: readonly string[];
    /** Ground the answer on this room's messages and documents. */
    readonly room?: string;
    /** Ground the answer on documents of this collection. */
    readonly collection?: string;
  }): Promise<{ readonly response: string; readonly model: string; readonly tokensUsed: number; readonly finishReason: string }>;
}

/** A value that was kept, and how often it was set. */
export interface PluginStoredValue {
  readonly key: string;
  readonly value: string;
  /** 1 when first set, one more with each change. */
  readonly version: number;
}

/** Values of the plugin's own, the same ones on every server. Permission `storage`. Keys have up to 256 bytes, values up to 65,536. */
export interface PluginStorage {
  get(key: string): Promise<PluginStoredValue | undefined>;
  /** False: the value is at another version than `ifVersion` (0: there is none), and nothing was changed. */
  set(key: string, value: string, options?: { readonly ifVersion?: number }): Promise<boolean>;
  /** False: there was nothing to delete, or it is at another version. */
  delete(key: string, options?: { readonly ifVersion?: number }): Promise<boolean>;
  /** In the order of keys, only those that begin with `prefix`. */
  list(
    prefix?: string,
    options?: { readonly limit?: number; readonly afterKey?: string },
  ): Promise<{ readonly entries: readonly PluginStoredValue[]; readonly hasMore: boolean }>;
}

/** Lines for the plugin's log; `console` writes there, too. A call's lines have at most 64 KiB together, and each at most 4,096 bytes. */
export interface PluginLog {
  debug(...values: readonly unknown[]): void;
  info(...values: readonly unknown[]): void;
  warn(...values: readonly unknown[]): void;
  error(...values: readonly unknown[]): void;
}
