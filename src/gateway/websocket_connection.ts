/**
 * One WebSocket: what its client asks is done in the order in which it came, the rooms it follows are sent to it, and whatever ends it is told with the
 * positions to resume from.
 *
 * @module
 */
import { abortError, ChatError } from "../core/errors.ts";
import { RateLimiter } from "../core/rate_limiter.ts";
import { logStreamEnd, problemOf } from "./problem.ts";
import { type CommandOptions, CommandRunner } from "./websocket_commands.ts";
import type { Call } from "./context.ts";
import { Outbox } from "./websocket_outbox.ts";
import { parseFrame, refOf } from "./websocket_protocol.ts";

/** The largest frame taken, in characters: what the largest message needs whose client escapes each byte of it, as with REST. */
const MAX_FRAME = 524_288;
/** What a client may send at once, and again in each window; a person at a keyboard is far below. One that sends twice that is cut. */
const RATE = { count: 200, windowMs: 10_000 } as const;
/** Commands that wait for those before them. */
const MAX_WAITING = 128;
/** A reason may be at most 123 bytes. */
const MAX_REASON = 100;

/** Why a socket was closed: RFC 6455, section 7.4.1; those from 4000 on are this protocol's, 4000 and the HTTP status. */
const CLOSE = {
  goingAway: 1001,
  noText: 1003,
  policy: 1008,
  tooLarge: 1009,
  internal: 1011,
  tryAgain: 1013,
  credential: 4401,
  forbidden: 4403,
} as const;

/** What one socket works with. */
export interface ConnectionOptions extends Pick<CommandOptions, "service" | "rooms" | "log" | "timeoutMs" | "takeMeasure"> {
  /** How long a peer may take nothing while there is something for it. */
  readonly patienceMs: number;
}

/** A socket that is open. */
export class WebSocketConnection {
  readonly #socket: WebSocket;
  readonly #call: Call;
  readonly #options: ConnectionOptions;
  readonly #outbox: Outbox;
  readonly #commands: CommandRunner;
  readonly #rate = new RateLimiter(RATE, { slots: 2 });
  readonly #refusals = new RateLimiter(RATE, { slots: 2 });
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isOver = false;

  constructor(socket: WebSocket, call: Call, options: ConnectionOptions) {
    this.#socket = socket;
    this.#call = call;
    this.#options = options;
    const onStuck = (reason: ChatError) => this.#cut(reason);
    this.#outbox = new Outbox(socket, { patienceMs: options.patienceMs, onStuck });
    this.#commands = new CommandRunner({ ...options, call, outbox: this.#outbox, onSlow: onStuck });
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = () => this.#gone();
    socket.onerror = () => this.#gone();
    // A call may have been ended while the client still shook hands.
    socket.onopen = () => call.signal.aborted && this.#ended();
    call.signal.addEventListener("abort", this.#ended);
  }

  #received(data: unknown): void {
    if (this.#isOver) return;
    if (typeof data !== "string") return this.#close(CLOSE.noText, "Messages are text frames");
    if (data.length > MAX_FRAME) return this.#close(CLOSE.tooLarge, `A message has at most ${MAX_FRAME} characters`);
    let value: Readonly<Record<string, unknown>> = {};
    try {
      value = parseFrame(data);
      this.#admit();
    } catch (error) {
      return this.#refuse(refOf(value), error);
    }
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#perform(value)).finally(() => this.#waiting--);
  }

  /** Throws `resource_exhausted` where the client asks for more than it may. */
  #admit(): void {
    const { ok, retryAfterMs } = this.#rate.take("");
    if (!ok) {
      const text = `A socket takes ${RATE.count} messages in ${RATE.windowMs / 1_000} s`;
      throw new ChatError("resource_exhausted", text, { retryAfterMs: Math.ceil(retryAfterMs) });
    }
    if (this.#waiting >= MAX_WAITING) {
      throw new ChatError("resource_exhausted", `A socket takes ${MAX_WAITING} messages that are not answered yet`, { retryAfterMs: 100 });
    }
  }

  /** Never rejects. */
  async #perform(value: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#commands.perform(value);
    } catch (error) {
      this.#tellProblem(refOf(value), error);
    }
  }

  #refuse(ref: string | undefined, error: unknown): void {
    this.#tellProblem(ref, error);
    if (!this.#refusals.take("").ok) this.#close(CLOSE.policy, "Too many messages were refused");
  }

  #tellProblem(ref: string | undefined, error: unknown): void {
    if (this.#isOver) return;
    const { requestId } = this.#call;
    if (!(error instanceof ChatError) || error.code === "internal") this.#options.log.error("Request failed", { requestId, error });
    this.#outbox.tell({ type: "error", ref, problem: problemOf(error, requestId) });
  }

  /** The call is over: the server stops, or the caller's credential does not count any more. */
  readonly #ended = () => this.#cut(abortError(this.#call.signal));

  /** Tells the reason with the positions, and closes. */
  #cut(reason: ChatError): void {
    if (this.#isOver) return;
    logStreamEnd(this.#options.log, reason, { requestId: this.#call.requestId });
    this.#commands.endAll(reason);
    this.#close(closeCode(reason), reason.message);
  }

  #close(code: number, reason: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(code, reason.toWellFormed().replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_REASON));
    }
    this.#leave();
  }

  /** Lets go of everything; a peer that does not read keeps no more than the last bytes for it. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call.signal.removeEventListener("abort", this.#ended);
    this.#commands.close();
    this.#call.abort(new ChatError("cancelled", "The client went away"));
  }

  #gone(): void {
    this.#leave();
    this.#call.bytesOut = this.#outbox.sent;
    this.#call.finish();
  }
}

function closeCode({ code }: ChatError): number {
  if (code === "unauthenticated") return CLOSE.credential;
  if (code === "permission_denied") return CLOSE.forbidden;
  if (code === "resource_exhausted") return CLOSE.tryAgain;
  return code === "unavailable" ? CLOSE.goingAway : CLOSE.internal;
}
