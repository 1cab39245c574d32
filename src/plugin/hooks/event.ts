/**
 * Turns a question about an event into values that the rest of the room trusts, and keeps callers to what they could do by writing.
 *
 * @module
 */
import type { Message, RunHooksRequest } from "../../contracts/mod.ts";
import { type Caller, requireName, requireRoom, requireScope } from "../../core/caller.ts";
import { invalidField } from "../../core/errors.ts";
import { text } from "../../core/fields.ts";
import { limits } from "../../core/limits.ts";
import { type Draft, validDraft } from "./draft.ts";

/** More plugins than this are no chain, they are a mistake. */
const MAX_VIA = 16;

/** An event, checked. */
export type HookEvent =
  & { readonly room: string; readonly username: string; readonly via: readonly string[] }
  & (
    | { readonly event: "message.before_create" | "command"; readonly draft: Draft }
    | { readonly event: "message.after_create" | "message.after_delete"; readonly message: Message }
  );

/** Checks a question. Throws `invalid_argument` with the field at fault. */
export function validEvent(request: RunHooksRequest, caller: Caller): HookEvent {
  const { event } = request;
  const via = validVia(request.via ?? []);
  switch (event) {
    case "message.before_create":
    case "command": {
      // Over gRPC what is not set is null.
      if (request.draft == null) throw invalidField("draft", `is needed for ${event}`);
      const draft = validDraft(request.draft, caller.name);
      return { event, via, draft, room: draft.room, username: draft.username };
    }
    case "message.after_create":
    case "message.after_delete": {
      if (request.message == null) throw invalidField("message", `is needed for ${event}`);
      const { message } = request;
      text("message.room", message.room, { minBytes: 1, maxBytes: limits.nameBytes });
      text("message.username", message.username, { minBytes: 1, maxBytes: limits.nameBytes });
      text("message.content", message.content, { minBytes: 0, maxBytes: limits.contentBytes });
      const { room, username } = message;
      return { event, via: [...new Set([...via, ...validVia(message.via ?? [])])], message, room, username };
    }
    default: {
      const known = "message.before_create, message.after_create, message.after_delete or command";
      throw invalidField("event", `must be ${known}, got ${JSON.stringify(String(event).slice(0, 40).toWellFormed())}`);
    }
  }
}

/**
 * Throws `permission_denied` for what the caller could not bring about by writing: under another's name, in a room that its credential is not for, as other
 * plugins' work, or telling plugins of something that has happened, which is this system's to say.
 */
export function requireOwnEvent(caller: Caller, { event, room, username, via }: HookEvent, dryRun: boolean): void {
  if (!dryRun && (event === "message.after_create" || event === "message.after_delete")) requireScope(caller, "plugins:manage");
  requireRoom(caller, room);
  // Whoever may edit others' messages has hooks asked about them, but gives no commands for others.
  if (event !== "command" && caller.scopes.has("messages:moderate")) return;
  requireName(caller, username);
  // What a plugin posts would go past the hooks of those that are named.
  if (!dryRun && via.length > 0) requireScope(caller, "messages:write_as");
}

function validVia(via: readonly string[]): readonly string[] {
  if (via.length > MAX_VIA) throw invalidField("via", `must have at most ${MAX_VIA} plugins, got ${via.length}`);
  return via.map((name) => text("via", name, { minBytes: 1, maxBytes: limits.nameBytes }));
}
