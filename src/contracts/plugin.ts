import type { CallContext } from "../core/context.ts";
import type { GeneratedResponse, GenerateRequest } from "./ai.ts";
import type { CreateMessageRequest, GetMessagesRequest, GetMessagesResponse, Message } from "./message.ts";
import type { SearchDocumentsRequest, SearchDocumentsResponse } from "./rag.ts";

/** Something that a plugin can be called for; the field meanings and limits stand in `plugin_service.proto`. */
export interface PluginAction {
  readonly name: string;
  readonly description: string;
  readonly inputSchemaJson: string;
  readonly outputSchemaJson: string;
  readonly streams: boolean;
  readonly readOnly: boolean;
  /** A scope that the caller needs besides; empty or absent: none. */
  readonly scope?: string;
}

/** Something that a plugin wants to be asked or told, or that calls one of its actions. */
export interface PluginHook {
  /** `message.before_create`, `message.after_create`, `message.after_delete`, `command`, `ai.tool` or `schedule`. */
  readonly event: string;
  readonly order: number;
  /** `open` or `closed`. */
  readonly onFailure: string;
  readonly action: string;
  readonly command: string;
  readonly cron: string;
  readonly rooms: readonly string[];
  readonly timeoutMs: number;
}

/** What a plugin may do; what is not named is not possible. */
export interface PluginPermissions {
  readonly net: readonly string[];
  readonly env: readonly string[];
  readonly data: boolean;
  readonly capabilities: readonly string[];
  readonly rooms: readonly string[];
}

/** What a plugin may use up; 0 is the server's default. */
export interface PluginLimits {
  readonly memoryBytes: number;
  readonly callMs: number;
  readonly cpuMs: number;
  readonly outputBytes: number;
  readonly concurrency: number;
}

/** What a plugin says of itself. */
export interface PluginManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly actions: readonly PluginAction[];
  readonly hooks: readonly PluginHook[];
  readonly permissions?: PluginPermissions;
  readonly limits?: PluginLimits;
}

/** A signature over an archive's SHA-256. */
export interface PluginSignature {
  readonly keyId: string;
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array;
}

/** Asks to install a version of a plugin: a new one (`archive`), or one that was installed before (`digest`). */
export interface InstallPluginRequest {
  readonly archive?: Uint8Array;
  readonly digest?: string;
  readonly signatures?: readonly PluginSignature[];
  /** What the installer agrees to. */
  readonly granted?: Partial<PluginPermissions>;
  readonly disabled?: boolean;
  /** Say what would happen, and change nothing. */
  readonly checkOnly?: boolean;
}

/** A version that can be gone back to. */
export interface PluginVersion {
  readonly version: string;
  readonly digest: string;
  readonly installedAtMs: number;
  readonly installedBy: string;
}

/** An installed plugin; `manifest` and `versions` are left out of a list. Times are milliseconds since 1970. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly manifest?: PluginManifest;
  /** `enabled`, `disabled`, `starting` or `failing`. */
  readonly state: string;
  readonly problem: string;
  readonly granted?: PluginPermissions;
  readonly signedBy: readonly string[];
  readonly remote: boolean;
  readonly builtIn: boolean;
  readonly installedAtMs: number;
  readonly updatedAtMs: number;
  readonly versions: readonly PluginVersion[];
  readonly description: string;
}

/** An installed version. */
export interface InstallPluginResponse {
  readonly plugin?: Plugin;
  readonly unchanged: boolean;
  /** With `checkOnly`: what it asks for and was not granted. */
  readonly missing?: PluginPermissions;
}

/** Asks for a page of plugins. */
export interface ListPluginsRequest {
  readonly limit?: number;
  readonly afterName?: string;
  /** Only plugins with a hook of this event. */
  readonly event?: string;
}

/** A page of plugins, in the order of their names. */
export interface ListPluginsResponse {
  readonly plugins: readonly Plugin[];
  readonly hasMore: boolean;
}

/** Names one plugin. */
export interface PluginKey {
  readonly name: string;
}

/** Asks to stop a plugin. */
export interface DisablePluginRequest extends PluginKey {
  readonly reason?: string;
}

/** Asks to remove a plugin. */
export interface UninstallPluginRequest extends PluginKey {
  readonly keepData?: boolean;
}

/** What became of a removal. */
export interface UninstallPluginResponse {
  readonly success: boolean;
  readonly message: string;
}

/** Asks to run an action; its values are JSON texts. */
export interface ExecutePluginRequest extends PluginKey {
  readonly action: string;
  readonly inputJson?: string;
  readonly room?: string;
}

/** What an action gave. */
export interface ExecutePluginResponse {
  readonly outputJson: string;
  readonly version: string;
  readonly durationMs: number;
}

/** One output of an action that gives several. */
export interface PluginOutput {
  readonly outputJson: string;
  /** From 1. */
  readonly seq: number;
}

/** One event, as hooks see it. */
export interface RunHooksRequest {
  /** Of a hook, or `command`. */
  readonly event: string;
  /** Of `message.before_create` and `command`. */
  readonly draft?: CreateMessageRequest;
  /** Of the other events. */
  readonly message?: Message;
  /** Plugins whose work the event comes from; their hooks are passed over, so that no chain has a circle. */
  readonly via?: readonly string[];
}

/** What one hook decided. */
export interface HookDecision {
  readonly plugin: string;
  readonly version: string;
  /** `allow`, `rewrite`, `drop` or `respond`. */
  readonly decision: string;
  readonly reason: string;
  /** With `rewrite`. */
  readonly draft?: CreateMessageRequest;
  /** With `respond`. */
  readonly response: string;
  /** It failed, so its `onFailure` decided. */
  readonly failure: string;
  readonly durationMs: number;
}

/** What all hooks together decided. */
export interface RunHooksResponse {
  /** `allow`, `rewrite`, `drop` or `respond`. */
  readonly outcome: string;
  /** The message as the hooks have left it. */
  readonly draft?: CreateMessageRequest;
  readonly decisions: readonly HookDecision[];
}

/** Every hook of the plugins that may run, in the order in which they run. */
export interface HookTable {
  /** Higher with each change. */
  readonly version: number;
  readonly hooks: readonly { readonly plugin: string; readonly hook?: PluginHook }[];
}

/** Asks for what a plugin has written to its log. */
export interface StreamPluginLogsRequest extends PluginKey {
  readonly tail?: number;
  readonly follow?: boolean;
}

/** A line of a plugin's log. */
export interface PluginLogLine {
  readonly atMs: number;
  readonly level: string;
  readonly text: string;
  readonly callId: string;
}

/** Asks for one capability; exactly one of the five is there. What it says about who calls does not count. */
export interface CapabilityRequest {
  readonly readMessages?: GetMessagesRequest;
  /** Written under the plugin's name. */
  readonly postMessage?: CreateMessageRequest;
  readonly searchDocuments?: SearchDocumentsRequest;
  readonly generate?: GenerateRequest;
  readonly storage?: StorageRequest;
}

/** The answer to the capability of the same place. */
export interface CapabilityResponse {
  readonly messages?: GetMessagesResponse;
  readonly message?: Message;
  readonly search?: SearchDocumentsResponse;
  readonly generation?: GeneratedResponse;
  readonly storage?: StorageResponse;
}

/** Reads or changes the values that a plugin keeps in the database. */
export interface StorageRequest {
  /** `get`, `set`, `delete` or `list`. */
  readonly operation: string;
  readonly key: string;
  readonly value?: string;
  /** The change is made only at this version; 0: only if there is no value. */
  readonly ifVersion?: number;
  readonly limit?: number;
  readonly afterKey?: string;
}

/** A value and how often it was set. */
export interface StorageEntry {
  readonly key: string;
  readonly value: string;
  readonly version: number;
}

/** What was found, or what became of a change. */
export interface StorageResponse {
  readonly success: boolean;
  readonly entries: readonly StorageEntry[];
  readonly hasMore: boolean;
}

/**
 * Other people's code, without trust: what a plugin does wrong ends as its own caller's error and nobody else's.
 *
 * Every method throws `ChatError`: `invalid_argument` names the field; `not_found` for a plugin or an action that is not there;
 * `permission_denied` for what was not granted; `failed_precondition` for a plugin that is disabled; `unavailable` for one that crashed or is
 * being restarted; `resource_exhausted` for one that has used up its limits; `deadline_exceeded` or `cancelled` when the signal fires, which
 * ends the plugin's work.
 */
export interface PluginService {
  /** Answers once the version is in force on this server; others follow. The same again changes nothing. */
  installPlugin(request: InstallPluginRequest, context: CallContext): Promise<InstallPluginResponse>;
  listPlugins(request: ListPluginsRequest, context: CallContext): Promise<ListPluginsResponse>;
  getPlugin(request: PluginKey, context: CallContext): Promise<Plugin>;
  enablePlugin(request: PluginKey, context: CallContext): Promise<Plugin>;
  disablePlugin(request: DisablePluginRequest, context: CallContext): Promise<Plugin>;
  /** A missing plugin is an answer (`success: false`), not an error. */
  uninstallPlugin(request: UninstallPluginRequest, context: CallContext): Promise<UninstallPluginResponse>;
  /** Runs the action once, or not at all. */
  executePlugin(request: ExecutePluginRequest, context: CallContext): Promise<ExecutePluginResponse>;
  /** The outputs in order; nothing is thrown before the first step. Leaving the loop ends the plugin's work. */
  streamPlugin(request: ExecutePluginRequest, context: CallContext): AsyncIterable<PluginOutput>;
  /** Asks every hook as {@link runHooks} does, and changes nothing. */
  dryRunHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse>;
  /**
   * Never fails because of a plugin: a hook that fails decides as its `onFailure` says; only a command's failure is thrown. `permission_denied` for what the
   * caller could not do by writing.
   */
  runHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse>;
  /** The table now, and the whole table again at each change; in between some may be left out. Ends only by the caller's signal or by throwing. */
  watchHooks(request: Record<never, never>, context: CallContext): AsyncIterable<HookTable>;
  /** Lines in the order in which they were written. */
  streamPluginLogs(request: StreamPluginLogsRequest, context: CallContext): AsyncIterable<PluginLogLine>;
}
