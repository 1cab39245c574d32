import type {
  CreateMessageRequest,
  DeleteMessageResponse,
  GetMessagesRequest,
  GetMessagesResponse,
  ListRevisionsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  Message,
  MessageKey,
  MessageStream,
  Room,
  RoomKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
  UpdateRoomRequest,
} from "../contracts/mod.ts";
import { creationToWire } from "../wire/message_codec.ts";
import type { AttemptOptions } from "./call.ts";
import { type CallPlan, callUnary } from "./caller.ts";
import { ChannelPool } from "./channel.ts";
import { messageMethods as rpc, type Method } from "./methods.ts";
import { openSubscription } from "./open_subscription.ts";
import {
  type CallOptions,
  deadlineAt,
  type ResolvedOptions,
  resolveOptions,
  type ServiceClientOptions,
  type StreamOptions,
} from "./options.ts";
import { resumingMessages } from "./resume.ts";

/** What the specification's client sends where its caller says nothing; a server made from the specification has no defaults of its own. */
const DEFAULT_TYPE = "text";
const DEFAULT_LIMIT = 50;

/**
 * A client of the message service over gRPC, with the specification's methods and defaults.
 *
 * Connections are made when first needed. Every method throws `ChatError`; `unavailable` after the last attempt, `deadline_exceeded` or
 * `cancelled` at the caller's end, in which case a write may still have happened. Close it, or declare it with `await using`.
 */
export class MessageServiceClient implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: ChannelPool;

  /** Opens no connection yet; `invalid_argument` names the option that makes no sense. */
  constructor(options: ServiceClientOptions = {}) {
    this.#options = resolveOptions(options);
    this.#pool = new ChannelPool(this.#options);
  }

  /**
   * Stores a message and answers after its commit. Stored once, however often it is sent: the client makes a `clientMessageId` where none is
   * given, and repeats the call with the same one. A message with id 0 is a plugin's answer in its place, and nothing is stored.
   */
  async createMessage(request: CreateMessageRequest, options: CallOptions = {}): Promise<Message> {
    const clientMessageId = request.clientMessageId || (this.#options.makeKeys ? crypto.randomUUID() : "");
    // By its key the service knows a repeat, which the descriptor cannot promise for calls without one.
    const messageType = request.messageType ?? DEFAULT_TYPE;
    return await this.#call(rpc.createMessage, creationToWire({ ...request, messageType, clientMessageId }), {
      ...options,
      repeatable: clientMessageId !== "",
    });
  }

  /** A page of a room's history, 50 messages unless `limit` says otherwise, oldest first unless `order` is `newest`. */
  getMessages(request: GetMessagesRequest = {}, options: CallOptions = {}): Promise<GetMessagesResponse> {
    return this.#call(rpc.getMessages, { ...request, limit: request.limit ?? DEFAULT_LIMIT }, options);
  }

  /** One message, a deleted one as a tombstone; `not_found` when the room has no such message. */
  getMessage(request: MessageKey, options: CallOptions = {}): Promise<Message> {
    return this.#call(rpc.getMessage, request, options);
  }

  /** Replaces a message's content. Repeated after `unavailable` only with `ifVersion`; then a repeat may find its own edit and throw `aborted`. */
  async updateMessage(request: UpdateMessageRequest, options: CallOptions = {}): Promise<Message> {
    return await this.#call(rpc.updateMessage, request, { ...options, repeatable: request.ifVersion !== undefined });
  }

  /** Deletes a message; a missing one is an answer (`success: false`), not an error, and so is one that a first, unanswered attempt deleted. */
  deleteMessage(request: MessageKey, options: CallOptions = {}): Promise<DeleteMessageResponse> {
    return this.#call(rpc.deleteMessage, request, options);
  }

  /** Every version of one message, oldest first. */
  listRevisions(request: MessageKey, options: CallOptions = {}): Promise<ListRevisionsResponse> {
    return this.#call(rpc.listRevisions, request, options);
  }

  /** Rooms in the order of their names, without their members. */
  listRooms(request: ListRoomsRequest = {}, options: CallOptions = {}): Promise<ListRoomsResponse> {
    return this.#call(rpc.listRooms, request, options);
  }

  /** A room's settings and how its log stands; one that nobody has touched has its defaults. */
  getRoom(request: RoomKey = {}, options: CallOptions = {}): Promise<Room> {
    return this.#call(rpc.getRoom, request, options);
  }

  /** Changes settings of a room. With `ifVersion` a repeat after `unavailable` may find its own change and throw `aborted`. */
  updateRoom(request: UpdateRoomRequest, options: CallOptions = {}): Promise<Room> {
    const { members, ...rest } = request;
    return this.#call(rpc.updateRoom, { ...rest, ...(members && { members: [...members] }) }, options);
  }

  /**
   * Follows a room: what is written after `afterSeq` (0: from the beginning; unset: from when the stream first stands, see `onOpen`), in order.
   * Reconnects and goes on by itself, without gap or repeat, until the caller leaves the loop or aborts. Throws at once what trying again cannot
   * mend, such as `out_of_range` and `invalid_argument`, and `unavailable` when the very first connection fails `maxAttempts` times.
   */
  streamMessages(request: StreamMessagesRequest = {}, options: StreamOptions = {}): AsyncIterableIterator<Message> {
    const { signal, onOpen, onRetry } = options;
    const attempt = this.#streamAttempt(options);
    const open = (from: StreamMessagesRequest) => this.#open(from, attempt);
    return resumingMessages(open, request, {
      ...this.#options,
      renewsToken: typeof this.#options.token === "function",
      signals: signal === undefined ? [this.#pool.closed] : [this.#pool.closed, signal],
      ...(onOpen === undefined ? {} : { onOpen }),
      ...(onRetry === undefined ? {} : { onRetry }),
    });
  }

  /** One subscription in batches, which ends with the first error and its `resumeSeq`; for callers that resume in their own way. */
  async subscribe(request: StreamMessagesRequest = {}, options: CallOptions = {}): Promise<MessageStream> {
    return await this.#open(request, this.#streamAttempt(options));
  }

  /** Whether the service is there, as the last calls have seen; true before the first one. Asks nobody. */
  get reachable(): boolean {
    return this.#pool.reachable;
  }

  /** Ends calls and streams that still run with `cancelled`, and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(request: StreamMessagesRequest, attempt: AttemptOptions): Promise<MessageStream> {
    const authorization = await this.#pool.authorization(attempt.authorization);
    return await openSubscription(this.#pool, rpc.streamMessages, request, {
      ...{ ...attempt, authorization },
      openTimeoutMs: this.#options.deadlineMs,
    });
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request, plan: CallPlan): Promise<Response> {
    return callUnary({ pool: this.#pool, options: this.#options }, method, request, plan);
  }

  #streamAttempt({ deadlineMs, deadlineAtMs = Infinity, signal, requestId, trace, authorization }: CallOptions): AttemptOptions {
    return {
      deadlineAtMs: deadlineMs === undefined ? deadlineAtMs : deadlineAt(deadlineMs, deadlineAtMs),
      ...(signal === undefined ? {} : { signal }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(trace === undefined ? {} : { trace }),
      authorization,
    };
  }
}
