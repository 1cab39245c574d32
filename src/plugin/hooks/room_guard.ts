import type { MessageService } from "../../contracts/mod.ts";
import { BoundedCache } from "../../core/bounded_cache.ts";
import { type Membership, requireMember } from "../../core/caller.ts";
import type { CallContext } from "../../core/context.ts";
import { SYSTEM } from "./identity.ts";

/** As long as the message service itself goes by what it has read of a room. */
const REMEMBERED_MS = 1_000;
const REMEMBERED_ROOMS = 10_000;

/** Keeps the hooks of restricted rooms to those who may use the rooms. */
export class RoomGuard {
  readonly #messages: MessageService | undefined;
  readonly #known = new BoundedCache<Membership>(REMEMBERED_ROOMS);

  constructor(messages: MessageService | undefined) {
    this.#messages = messages;
  }

  /** Rejects with `permission_denied` where the room is for members only and the caller is none. */
  async check(room: string, { caller, signal, requestId, trace }: CallContext): Promise<void> {
    if (caller.scopes.has("rooms:manage") || this.#messages === undefined) return;
    const known = this.#known.get(room, performance.now());
    if (known !== undefined) return requireMember(caller, known);
    // Not in the caller's name, who may be one that writes and does not read.
    const membership = await this.#messages.getRoom({ room }, { signal, requestId, trace, caller: SYSTEM });
    this.#known.set(room, membership, performance.now() + REMEMBERED_MS);
    requireMember(caller, membership);
  }
}
