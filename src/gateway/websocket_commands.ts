import type { MessageService } from "../contracts/mod.ts";
import { requireName } from "../core/caller.ts";
import type { CallContext } from "../core/context.ts";
import { ChatError, invalidField } from "../core/errors.ts";
import { limits as sizes } from "../core/limits.ts";
import { requireAllowed } from "../core/policy.ts";
import type { Log } from "../observability/log.ts";
import type { Call } from "./context.ts";
import type { Listener, LiveRooms } from "./live_rooms.ts";
import { wireNames } from "./names.ts";
import { logStreamEnd, problemOf } from "./problem.ts";
import { messageDeletionSchema, messageJson } from "./schemas/message.ts";
import type { Outbox } from "./websocket_outbox.ts";
import { type Command, commandOf } from "./websocket_protocol.ts";
import { type OpenSubscription, Subscription } from "./websocket_subscription.ts";

/** The rooms that one socket may follow. */
const MAX_SUBSCRIPTIONS = 100;
/** The people that one answer names. */
const MAX_PEOPLE = 1_000;

/** What the commands of one socket work with. */
export interface CommandOptions {
  readonly service: MessageService;
  readonly rooms: LiveRooms;
  readonly log: Log;
  readonly call: Call;
  readonly outbox: Outbox;
  /** How long a command may take. */
  readonly timeoutMs: number;
  /** Takes a call from the caller's measure; throws `resource_exhausted` where nothing is left. */
  takeMeasure(call: Call): void;
  /** Told of a subscription that has fallen behind, because the socket is slow then. */
  onSlow(reason: ChatError): void;
}

const deletionJson = wireNames(messageDeletionSchema);

type Handlers = { readonly [T in Command["type"]]: (command: Command<T>) => Promise<unknown> | unknown };

/** Does what a client asks by one socket, one command after the other, and answers it. */
export class CommandRunner {
  readonly #options: CommandOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #listener: Listener;
  readonly #handlers: Handlers = {
    subscribe: (command) => this.#subscribe(command),
    unsubscribe: ({ ref, room }) => this.#ack(ref, { room, seq: this.#unsubscribe(room) }),
    send: (command) => this.#send(command),
    edit: (command) => this.#edit(command),
    delete: (command) => this.#delete(command),
    typing: (command) => this.#typing(command),
    presence: (command) => this.#presence(command),
    ping: ({ ref }) => this.#pong(ref),
  };

  constructor(options: CommandOptions) {
    this.#options = options;
    this.#listener = { whisper: (frame) => options.outbox.whisper(frame) };
  }

  /** Throws a `ChatError` for what cannot be done. */
  async perform(value: Readonly<Record<string, unknown>>): Promise<void> {
    const command = commandOf(value);
    await (this.#handlers[command.type] as (command: Command) => unknown)(command);
  }

  /** Tells each room's end, with the position to resume after. */
  endAll(reason: ChatError): void {
    for (const subscription of this.#subscriptions.values()) this.#end(subscription, reason);
  }

  /** Follows nothing any more. */
  close(): void {
    for (const room of [...this.#subscriptions.keys()]) this.#forget(room);
  }

  async #subscribe({ ref, room, username, includeChanges, ...given }: Command<"subscribe">): Promise<void> {
    const { call, outbox } = this.#options;
    this.#enter("StreamMessages");
    const before = this.#subscriptions.get(room);
    if (before === undefined && this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw new ChatError("resource_exhausted", `A socket follows at most ${MAX_SUBSCRIPTIONS} rooms`);
    }
    const afterSeq = given.afterSeq ?? before?.position;
    // The new one goes on where the old one stands, so that stands still.
    this.#forget(room);
    const request = {
      ...{ room, ...(username === undefined ? {} : { subscribeTo: username }) },
      ...{ ...(afterSeq === undefined ? {} : { afterSeq }), ...(includeChanges === undefined ? {} : { includeChanges }) },
    };
    const { service } = this.#options;
    const open = await call.run(Subscription.open(request, { service, outbox, context: streamContext(call) }));
    this.#subscriptions.set(room, open.subscription);
    this.#options.rooms.join(room, this.#listener);
    outbox.tell({ type: "ready", ref, room, seq: open.subscription.position });
    this.#follow(open);
  }

  #follow({ subscription, run }: OpenSubscription): void {
    run().catch((error) => {
      if (subscription.isStopped || this.#options.call.signal.aborted) return;
      if (error instanceof ChatError && error.code === "resource_exhausted") return this.#options.onSlow(error);
      logStreamEnd(this.#options.log, error, { requestId: this.#options.call.requestId });
      this.#end(subscription, error);
    });
  }

  #end(subscription: Subscription, error: unknown): void {
    const { outbox, call } = this.#options;
    const { room, position } = subscription;
    this.#forget(room);
    outbox.tell({ type: "end", room, seq: position, problem: { ...problemOf(error, call.requestId), resume_seq: position } });
  }

  /** Gives the position that the subscription came to. */
  #unsubscribe(room: string): number {
    const position = this.#followed(room).position;
    this.#forget(room);
    return position;
  }

  #forget(room: string): void {
    const subscription = this.#subscriptions.get(room);
    if (subscription === undefined) return;
    this.#subscriptions.delete(room);
    subscription.stop();
    this.#options.rooms.leave(room, this.#listener);
  }

  async #send({ type: _, ref, ...request }: Command<"send">): Promise<void> {
    this.#enter("CreateMessage");
    this.#ack(ref, messageJson(await this.#timed((context) => this.#options.service.createMessage(request, context))));
  }

  async #edit({ type: _, ref, ...request }: Command<"edit">): Promise<void> {
    this.#enter("UpdateMessage");
    this.#ack(ref, messageJson(await this.#timed((context) => this.#options.service.updateMessage(request, context))));
  }

  async #delete({ ref, room, id }: Command<"delete">): Promise<void> {
    this.#enter("DeleteMessage");
    this.#ack(ref, deletionJson(await this.#timed((context) => this.#options.service.deleteMessage({ room, id }, context))));
  }

  #typing({ ref, room, username, typing }: Command<"typing">): void {
    this.#enter("CreateMessage");
    this.#followed(room);
    this.#options.rooms.setTyping(room, this.#listener, { username: this.#nameOf(username), typing });
    if (ref !== undefined) this.#ack(ref, { room });
  }

  #presence({ ref, room, username, status }: Command<"presence">): void {
    this.#enter(status === undefined ? "StreamMessages" : "CreateMessage");
    this.#followed(room);
    if (status !== undefined) this.#options.rooms.setPresence(room, this.#listener, { username: this.#nameOf(username), status });
    const people = this.#options.rooms.people(room);
    this.#ack(ref, { room, people: people.slice(0, MAX_PEOPLE), count: people.length });
  }

  #pong(ref: string | undefined): void {
    const positions = Object.fromEntries([...this.#subscriptions].map(([room, { position }]) => [room, position]));
    this.#options.outbox.tell({ type: "pong", ref, positions });
  }

  #ack(ref: string | undefined, result: unknown): void {
    this.#options.outbox.tell({ type: "ack", ref, result });
  }

  /** Throws where the caller may not call the RPC that a command stands for, or calls too often. */
  #enter(method: string): void {
    requireAllowed(this.#options.call.caller, `chat.MessageService/${method}`);
    this.#options.takeMeasure(this.#options.call);
  }

  /** Following a room is what lets a socket speak in it: that has asked who may. */
  #followed(room: string): Subscription {
    const subscription = this.#subscriptions.get(room);
    if (subscription !== undefined) return subscription;
    throw new ChatError("failed_precondition", `The socket does not follow room ${JSON.stringify(room.slice(0, 128))}`, { field: "room" });
  }

  /** The name that somebody types or is there under: its own, where it gives none. */
  #nameOf(given: string): string {
    const { caller } = this.#options.call;
    const name = given === "" ? caller.name : given;
    const bytes = new TextEncoder().encode(name).length;
    if (bytes < 1 || bytes > sizes.nameBytes) throw invalidField("username", `must be 1 to ${sizes.nameBytes} bytes, got ${bytes}`);
    requireName(caller, name);
    return name;
  }

  /** Waits for what a service does on the client's behalf, but no longer than a request of REST may take. */
  async #timed<T>(work: (context: CallContext) => Promise<T>): Promise<T> {
    const { call, timeoutMs } = this.#options;
    const late = new AbortController();
    const reason = new ChatError("deadline_exceeded", `The request took longer than ${timeoutMs} ms`);
    const timer = setTimeout(() => late.abort(reason), timeoutMs);
    const signal = AbortSignal.any([call.signal, late.signal]);
    try {
      return await work({ ...streamContext(call), signal, deadlineAtMs: Date.now() + timeoutMs });
    } finally {
      clearTimeout(timer);
    }
  }
}

function streamContext({ signal, requestId, caller, authorization, trace }: Call): CallContext {
  return { signal, requestId, caller, authorization, trace };
}
