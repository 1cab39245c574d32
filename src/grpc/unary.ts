import type { CallContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from "../wire/grpc_js.ts";
import type { AnswerHold, AnswerRoom } from "./answer_room.ts";
import { http2StreamOf } from "./batch_writer.ts";
import { Call } from "./call.ts";
import type { Callers } from "./callers.ts";
import { failureStatus } from "./failure.ts";
import type { Gate } from "./gate.ts";
import type { OpenCalls } from "./open_calls.ts";
import { BadRequest } from "./requests.ts";

/** What every handler of a server shares. */
export interface HandlerOptions {
  readonly gate: Gate;
  readonly answerRoom: AnswerRoom;
  readonly calls: OpenCalls;
  readonly callers: Callers;
  readonly log: Log;
}

/** A service method as a handler may call it. */
export type UnaryMethod<Req, Res> = (request: Req, context: CallContext) => Promise<Res>;

/** The one way from grpc-js to a service method: answers exactly once, whatever the method does, and never lets a rejection out. */
export function unary<Req, Res>(method: string, work: UnaryMethod<Req, Res>, options: HandlerOptions): handleUnaryCall<Req, Res> {
  return (edge, send) => new UnaryCall(method, edge, send, options).run(work);
}

/** The same for a method whose answer may be large: it runs when there is room for the answer. */
export function largeUnary<Req, Res>(method: string, work: UnaryMethod<Req, Res>, options: HandlerOptions): handleUnaryCall<Req, Res> {
  return (edge, send) => new UnaryCall(method, edge, send, options).run(work, options.answerRoom);
}

class UnaryCall<Req, Res> extends Call {
  readonly #method: string;
  readonly #call: ServerUnaryCall<Req, Res>;
  readonly #send: sendUnaryData<Res>;
  readonly #options: HandlerOptions;
  #answered = false;

  constructor(method: string, call: ServerUnaryCall<Req, Res>, send: sendUnaryData<Res>, options: HandlerOptions) {
    super(call, options.callers);
    this.#method = method;
    this.#call = call;
    this.#send = send;
    this.#options = options;
    call.on("cancelled", () => this.#answered || this.endCancelled());
  }

  async run(work: UnaryMethod<Req, Res>, answerRoom?: AnswerRoom): Promise<void> {
    try {
      const { request } = this.#call;
      if (request instanceof BadRequest) throw request.error;
      this.#options.calls.addUnary(this);
      const room = answerRoom?.enter(http2StreamOf(this.#call), this);
      await this.#work(request, work, room instanceof Promise ? await room : room);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #work(request: Req, work: UnaryMethod<Req, Res>, hold: AnswerHold | undefined): Promise<void> {
    let sent = false;
    try {
      const waiting = this.#options.gate.enter(this);
      if (waiting !== undefined) await waiting;
      try {
        this.#answer(await work(request, this));
        sent = true;
      } finally {
        this.#options.gate.leave();
      }
    } finally {
      sent ? hold?.sent() : hold?.release();
    }
  }

  /** The client is answered at once, though the method may take a while to notice. */
  override end(reason: ChatError): void {
    super.end(reason);
    this.#fail(reason);
  }

  #answer(response: Res): void {
    if (this.#answered) return;
    this.#settle();
    this.#send(null, response);
  }

  #fail(error: unknown): void {
    // Too late for the client, who was told of a deadline or left; a fault still belongs in the log.
    if (this.#answered && error instanceof ChatError) return;
    const status = failureStatus(error, { method: this.#method, requestId: this.requestId }, this.#options.log);
    if (this.#answered) return;
    this.#settle();
    this.#send(status);
  }

  #settle(): void {
    this.#answered = true;
    this.#options.calls.delete(this);
  }
}
