import { ChatError } from "./errors.ts";

/** Everything that a caller may be allowed, one name each; the closed list that keys, tokens and certificates choose from. */
export const SCOPES = [
  /** Read and follow messages. */
  "messages:read",
  /** Write messages under the caller's own name, edit and delete the caller's own. */
  "messages:write",
  /** Write messages under any name. */
  "messages:write_as",
  /** Edit and delete other people's messages. */
  "messages:moderate",
  /** Make rooms, change their settings and members, and use restricted rooms without being a member. */
  "rooms:manage",
  /** Search, read and list documents. */
  "documents:read",
  /** Index and delete documents. */
  "documents:write",
  /** Ask the AI service. */
  "ai:use",
  /** List plugins and read about them. */
  "plugins:read",
  /** Run plugins. */
  "plugins:execute",
  /** Register, change and remove plugins. */
  "plugins:manage",
  /** Ask what the server offers (reflection) on an address that other machines reach. */
  "introspection",
] as const;

/** One thing that a caller may be allowed. */
export type Scope = (typeof SCOPES)[number];

/** Who makes a call, once proved, and what that allows. Holds no secret: it may be logged. */
export interface Caller {
  /** What it proved itself with; anonymous: with nothing. */
  readonly kind: "anonymous" | "api_key" | "jwt" | "certificate";
  /** Names the caller in the log, and never another one: such as `key:…`, `jwt:…`, `certificate:…`, `anonymous`. */
  readonly id: string;
  /** The user name that it writes under; empty: it has none. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The only rooms it may use; absent: its credential names none, and rooms decide for themselves. */
  readonly rooms?: ReadonlySet<string>;
  /** When what it proved itself with ends, in milliseconds since 1970; absent: not by itself. */
  readonly expiresAtMs?: number;
}

/** Whoever calls while nobody has to prove anything (`AUTH_MODE=none`): may do everything, under any name. */
export const ANYBODY: Caller = { kind: "anonymous", id: "anonymous", name: "", scopes: new Set(SCOPES) };

/** Whoever has proved nothing where callers must: may do nothing but what is open to all. */
export const STRANGER: Caller = { kind: "anonymous", id: "anonymous", name: "", scopes: new Set() };

/** Whether `text` is a scope. */
export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** Throws where the caller lacks the scope: `unauthenticated` for who has proved nothing, else `permission_denied` that names it. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.has(scope)) return;
  if (caller.kind === "anonymous") throw notAuthenticated();
  throw new ChatError("permission_denied", `The caller ${caller.id} lacks the scope ${scope}`);
}

/** What somebody is told who has proved nothing where callers must. */
export function notAuthenticated(): ChatError {
  return new ChatError("unauthenticated", "The call needs a credential, such as `authorization: Bearer …`, and has none");
}

/** Whether the caller may write under `name`: its own, or any with the scope `messages:write_as`. */
export function mayUseName(caller: Caller, name: string): boolean {
  return name === caller.name || caller.scopes.has("messages:write_as");
}

/** Throws `permission_denied` where the caller may not write under `name`, because it is not its own and it lacks the scope `messages:write_as`. */
export function requireName(caller: Caller, name: string): void {
  if (mayUseName(caller, name)) return;
  const text = `Field \`username\` must be ${JSON.stringify(caller.name)}, the caller's own name, because it lacks the scope ` +
    `messages:write_as, got ${JSON.stringify(name.slice(0, 128))}`;
  throw new ChatError("permission_denied", text, { field: "username" });
}

/** Whose messages the caller may edit and delete: those of one author, or everybody's (undefined). */
export function changesOnlyOf(caller: Caller): string | undefined {
  return caller.scopes.has("messages:moderate") ? undefined : caller.name;
}

/** Throws `permission_denied` where the caller's credential is for other rooms. */
export function requireRoom(caller: Caller, room: string): void {
  if (caller.rooms === undefined || caller.rooms.has(room)) return;
  throw new ChatError("permission_denied", `The caller ${caller.id} may not use room ${JSON.stringify(room)}`, { field: "room" });
}

/** Who may use a room. */
export interface Membership {
  readonly room: string;
  /** For members only; else for everybody. */
  readonly restricted: boolean;
  /** User names. */
  readonly members: readonly string[];
}

/**
 * Throws `permission_denied` where the room is restricted, the caller no member, and no manager of rooms either. Not `not_found`: whoever may write
 * could tell the difference by writing, since a room without messages is not missing.
 */
export function requireMember(caller: Caller, membership: Membership): void {
  if (!isMember(caller, membership)) throw notMember(caller, membership.room, "room");
}

/** Whether the caller may use the room, as far as the room says so. */
export function isMember(caller: Caller, { restricted, members }: Omit<Membership, "room">): boolean {
  return !restricted || caller.scopes.has("rooms:manage") || (caller.name !== "" && members.includes(caller.name));
}

/** What somebody is told who is not, with the field of the request that named the room. */
export function notMember(caller: Caller, room: string, field: string): ChatError {
  return new ChatError("permission_denied", `The caller ${caller.id} is no member of room ${JSON.stringify(room)}`, { field });
}
