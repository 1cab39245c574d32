import type { CallContext } from "../core/context.ts";
import type { handleServerStreamingCall, ServerWritableStream } from "../wire/grpc_js.ts";
import { Call } from "./call.ts";
import { endStream } from "./end_stream.ts";
import { failureStatus } from "./failure.ts";
import { BadRequest } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";
import { writeAll } from "./write_all.ts";

/** A service method that answers with a stream. */
export type StreamMethod<Req, Res> = (request: Req, context: CallContext) => AsyncIterable<Res>;

/** The one way from grpc-js to a service method that streams: as fast as the client reads, ended with one status, whatever the method does. */
export function serverStream<Req, Res>(
  method: string,
  work: StreamMethod<Req, Res>,
  options: HandlerOptions,
): handleServerStreamingCall<Req, Res> {
  return (edge) => new ServerStreamCall(method, edge, options).run(work);
}

class ServerStreamCall<Req, Res> extends Call {
  readonly #method: string;
  readonly #edge: ServerWritableStream<Req, Res>;
  readonly #options: HandlerOptions;

  constructor(method: string, edge: ServerWritableStream<Req, Res>, options: HandlerOptions) {
    super(edge, options.callers);
    this.#method = method;
    this.#edge = edge;
    this.#options = options;
    edge.on("cancelled", () => this.endCancelled());
  }

  /** Never rejects. */
  async run(work: StreamMethod<Req, Res>): Promise<void> {
    try {
      const { request } = this.#edge;
      if (request instanceof BadRequest) throw request.error;
      this.#options.calls.addStream(this);
      await writeAll(this.#edge, work(request, this), this.signal);
    } catch (error) {
      endStream(this.#edge, failureStatus(error, { method: this.#method, requestId: this.requestId }, this.#options.log));
    } finally {
      this.#options.calls.delete(this);
    }
  }
}
