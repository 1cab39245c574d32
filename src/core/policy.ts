import { type Caller, requireScope, type Scope } from "./caller.ts";
import { ChatError } from "./errors.ts";

/** What an RPC asks of its caller: a scope, or nothing. */
export type Rule = Scope | "open";

/**
 * Which scope each RPC needs, by service and method, for gRPC and for the routes that stand for the RPC. An RPC without a row is refused, and fails
 * the tests. Health is open, because probes have no credential and learn nothing but names and states.
 */
export const POLICY = {
  "chat.MessageService": {
    CreateMessage: "messages:write",
    GetMessages: "messages:read",
    StreamMessages: "messages:read",
    DeleteMessage: "messages:write",
    GetMessage: "messages:read",
    UpdateMessage: "messages:write",
    ListRevisions: "messages:read",
    ListRooms: "messages:read",
    GetRoom: "messages:read",
    UpdateRoom: "rooms:manage",
  },
  "chat.AIService": {
    GenerateResponse: "ai:use",
    StreamResponse: "ai:use",
    AnalyzeSentiment: "ai:use",
    AnalyzeSentiments: "ai:use",
    ListModels: "ai:use",
    GetGeneration: "ai:use",
    CancelGeneration: "ai:use",
  },
  "chat.RAGService": {
    IndexDocument: "documents:write",
    IndexDocuments: "documents:write",
    DeleteDocument: "documents:write",
    SearchDocuments: "documents:read",
    GetRAGContext: "documents:read",
    GetDocument: "documents:read",
    ListDocuments: "documents:read",
  },
  "chat.PluginService": {
    InstallPlugin: "plugins:manage",
    ListPlugins: "plugins:read",
    GetPlugin: "plugins:read",
    EnablePlugin: "plugins:manage",
    DisablePlugin: "plugins:manage",
    UninstallPlugin: "plugins:manage",
    ExecutePlugin: "plugins:execute",
    StreamPlugin: "plugins:execute",
    DryRunHooks: "plugins:read",
    // Hooks run where somebody writes, in that caller's name.
    RunHooks: "messages:write",
    WatchHooks: "plugins:read",
    // Plugins may log what they were given.
    StreamPluginLogs: "plugins:manage",
  },
  // Served by plugins that run elsewhere; their caller is this system.
  "chat.RemotePluginService": {
    DescribePlugin: "plugins:execute",
    RunAction: "plugins:execute",
    StreamAction: "plugins:execute",
    RunHook: "plugins:execute",
  },
  // The request's own token proves which call a plugin works on.
  "chat.PluginHostService": { UseCapability: "open" },
  "grpc.health.v1.Health": {
    Check: "open",
    List: "open",
    Watch: "open",
  },
  "grpc.reflection.v1.ServerReflection": { ServerReflectionInfo: "introspection" },
  "grpc.reflection.v1alpha.ServerReflection": { ServerReflectionInfo: "introspection" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Rule>>>>;

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries(POLICY).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, rule]): [string, Rule] => [`${service}/${method}`, rule])
  ),
);

/** What `rpc`, such as `chat.MessageService/CreateMessage`, asks of its caller; undefined where nobody has said so. */
export function ruleOf(rpc: string): Rule | undefined {
  return RULES.get(rpc);
}

/** Throws where the caller may not call `rpc`: `unauthenticated` for who has proved nothing, else `permission_denied` that names the scope missing. */
export function requireAllowed(caller: Caller, rpc: string): void {
  const rule = RULES.get(rpc);
  if (rule === undefined) throw new ChatError("permission_denied", `Nobody may call ${rpc}, because no rule says who may`);
  if (rule !== "open") requireScope(caller, rule);
}
