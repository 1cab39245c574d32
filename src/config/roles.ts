/**
 * Which part of the system calls which. The rules about addresses, the permissions of a process and what its services are handed all follow from
 * this table.
 *
 * @module
 */
import type { ServiceName } from "./config.ts";

/** A part that others call over gRPC, and that may therefore run elsewhere. */
export type RoleName = Exclude<ServiceName, "gateway">;

/** The services, in the order in which they are started: each after those that it calls while it starts. */
export const roleNames = ["message", "rag", "ai", "plugin"] as const satisfies readonly RoleName[];

/** What each service is called: by people, and by gRPC. */
export const roleTitles: Readonly<Record<RoleName, { readonly label: string; readonly grpcName: string }>> = {
  message: { label: "message service", grpcName: "chat.MessageService" },
  rag: { label: "RAG service", grpcName: "chat.RAGService" },
  ai: { label: "AI service", grpcName: "chat.AIService" },
  plugin: { label: "plugin service", grpcName: "chat.PluginService" },
};

/** Whom each part calls, if it is there. */
const CALLS: Readonly<Record<ServiceName, readonly RoleName[]>> = {
  gateway: ["message", "rag", "ai", "plugin"],
  // Its hooks; plugins call it in turn.
  message: ["plugin"],
  // Rooms whose messages can be searched as documents.
  rag: ["message"],
  ai: ["message", "rag", "plugin"],
  plugin: ["message", "rag", "ai"],
};

/** Without these a part makes no sense. */
const NEEDS: Partial<Readonly<Record<ServiceName, readonly RoleName[]>>> = { gateway: ["message"] };

/** The name of the setting that says where a service runs. */
export function addressSetting<R extends RoleName>(role: R): `${Uppercase<R>}_SERVICE_ADDR` {
  return `${role.toUpperCase() as Uppercase<R>}_SERVICE_ADDR`;
}

/** Whether one of these parts calls this service and it is none of them. */
export function callsElsewhere(played: ReadonlySet<ServiceName>, role: RoleName): boolean {
  return !played.has(role) && [...played].some((part) => CALLS[part].includes(role));
}

/** Of these parts the first that can do nothing without this service, unless the service is one of them. */
export function neededBy(played: ReadonlySet<ServiceName>, role: RoleName): ServiceName | undefined {
  return played.has(role) ? undefined : [...played].find((part) => NEEDS[part]?.includes(role));
}

/** Whether these parts have a service among them, and so a database and a gRPC server, rather than being a gateway alone. */
export function playsService(played: ReadonlySet<ServiceName>): boolean {
  return [...played].some((part) => part !== "gateway");
}
