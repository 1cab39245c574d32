/**
 * What a plugin may do in one call: what was granted to it, and of that what the user who triggered the call may do.
 *
 * @module
 */
import type { MessageService } from "../../contracts/mod.ts";
import { type Caller, isMember, notMember, requireRoom, requireScope, type Scope } from "../../core/caller.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import type { HostedCall } from "../launch.ts";
import { isPluginItself } from "./identity.ts";

/** Everything that may be granted. */
export type Capability = "messages.read" | "messages.post" | "documents.search" | "ai.generate" | "storage";

/** Decides for one call. Every refusal is `permission_denied` and names what is missing. */
export class Access {
  readonly #call: HostedCall;
  readonly #messages: MessageService | undefined;
  /** Whether no user has triggered the call. */
  readonly #alone: boolean;

  constructor(call: HostedCall, messages: MessageService | undefined) {
    this.#call = call;
    this.#messages = messages;
    this.#alone = isPluginItself(call.context.caller, call.plugin.name);
  }

  /** Throws unless the capability was granted and the user has the scopes that it takes. */
  require(capability: Capability, ...scopes: readonly Scope[]): void {
    const { plugin, context } = this.#call;
    if (!plugin.granted.capabilities.includes(capability)) {
      throw new ChatError("permission_denied", `Plugin ${plugin.name} was not granted ${capability}`);
    }
    if (!this.#alone) { for (const scope of scopes) requireScope(context.caller, scope); }
  }

  /**
   * The room that is meant: the named one, or else the call's. Rejects unless it was granted and the user may use it. Asked here and in the plugin's own name,
   * not left to the service that is called next, because that may know this process only: certificates cannot be handed on, and what is posted
   * is the plugin's.
   */
  async room(named: string | undefined, intent: "read" | "write", own: CallContext): Promise<string> {
    const { plugin, context, room: here } = this.#call;
    const room = named || here;
    if (room === "") throw invalidField("room", "must be named, because the call happens in no room");
    const { rooms } = plugin.granted;
    const granted = rooms.length === 0 ? room === here : rooms.includes("*") || rooms.includes(room);
    if (!granted) throw new ChatError("permission_denied", `Plugin ${plugin.name} was not granted room ${JSON.stringify(room)}`, ROOM);
    if (!this.#alone) {
      requireRoom(context.caller, room);
      await this.#requireMember(context.caller, room, own);
    }
    // Whoever calls for another plugin's work may do everything, and says nothing about a user.
    if (this.#alone || this.#call.via.length > 0) await this.#requireAlone(room, intent, own);
    return room;
  }

  /** By itself it reads a restricted room only where that is what somebody granted or what it was called for: "every room" does not say so. */
  async #requireAlone(room: string, intent: "read" | "write", own: CallContext): Promise<void> {
    const { plugin, room: here } = this.#call;
    if (intent === "write" || room === here || plugin.granted.rooms.includes(room)) return;
    await this.#requireMember({ ...own.caller, scopes: new Set() }, room, own);
  }

  async #requireMember(caller: Caller, room: string, own: CallContext): Promise<void> {
    if (caller.scopes.has("rooms:manage")) return;
    if (this.#messages === undefined) throw missing("message");
    const found = await this.#messages.getRoom({ room }, own);
    if (!isMember(caller, found)) throw notMember(caller, room, "room");
  }
}

/** What a plugin is told that needs a service which this process has no way to. */
export function missing(service: string): ChatError {
  return new ChatError("failed_precondition", `This server knows no ${service} service`);
}

const ROOM = { field: "room" } as const;
