import { abortError, ChatError } from "../core/errors.ts";
import type { handleServerStreamingCall, handleUnaryCall, ServerWritableStream, UntypedServiceImplementation } from "../wire/grpc_js.ts";
import type { HealthCheckRequest__Output as HealthRequest } from "../wire/generated/grpc/health/v1/HealthCheckRequest.ts";
import type { HealthCheckResponse } from "../wire/generated/grpc/health/v1/HealthCheckResponse.ts";
import { Call } from "./call.ts";
import { endStream } from "./end_stream.ts";
import { failureStatus } from "./failure.ts";
import { type HealthBoard, ServingStatus } from "./health_board.ts";
import { BadRequest } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";

/** What the health handlers share with the others; not the gate, because health must be told most of all when every worker is busy. */
type HealthOptions = Pick<HandlerOptions, "callers" | "calls" | "log">;

/** `grpc.health.v1.Health` over a board. Answers at once, from memory, also while the server stops. */
export function healthHandlers(board: HealthBoard, options: HealthOptions): UntypedServiceImplementation {
  return {
    Check: check(board, options),
    List: (_call: unknown, send: (error: null, value: unknown) => void) => {
      send(null, { statuses: Object.fromEntries(board.names.map((name) => [name, { status: board.status(name) }])) });
    },
    Watch: watch(board, options),
  };
}

function check(board: HealthBoard, { log, callers }: HealthOptions): handleUnaryCall<HealthRequest | BadRequest, HealthCheckResponse> {
  return (edge, send) => {
    const { request } = edge;
    const fail = (error: ChatError) => send(failureStatus(error, { method: "Check", requestId: new Call(edge, callers).requestId }, log));
    if (request instanceof BadRequest) return fail(request.error);
    const status = board.status(request.service);
    if (status !== ServingStatus.SERVICE_UNKNOWN) return send(null, { status });
    fail(new ChatError("not_found", `There is no service ${JSON.stringify(request.service.slice(0, 200))} here`, { field: "service" }));
  };
}

function watch(board: HealthBoard, options: HealthOptions): handleServerStreamingCall<HealthRequest | BadRequest, HealthCheckResponse> {
  return (edge) => new HealthWatch(edge, options).run(board);
}

/** One `Watch`: says how the service is, then each change. A reader that does not read holds one answer at most: the newest is sent when it does. */
class HealthWatch extends Call {
  readonly #edge: ServerWritableStream<HealthRequest | BadRequest, HealthCheckResponse>;
  readonly #options: HealthOptions;
  #unwatch: (() => void) | undefined;
  #unsent: ServingStatus | undefined;
  #full = false;

  constructor(edge: ServerWritableStream<HealthRequest | BadRequest, HealthCheckResponse>, options: HealthOptions) {
    super(edge, options.callers);
    this.#edge = edge;
    this.#options = options;
    edge.on("cancelled", () => this.endCancelled());
    edge.on("drain", () => {
      this.#full = false;
      this.#send();
    });
  }

  run(board: HealthBoard): void {
    try {
      const { request } = this.#edge;
      if (request instanceof BadRequest) throw request.error;
      this.#options.calls.addStream(this);
      this.signal.addEventListener("abort", () => this.#close(abortError(this.signal)), { once: true });
      this.#unwatch = board.watch(request.service, (status) => {
        this.#unsent = status;
        this.#send();
      });
      if (this.signal.aborted) this.#unwatch();
    } catch (error) {
      this.#close(error);
    }
  }

  #send(): void {
    if (this.#unsent === undefined || this.#full) return;
    this.#full = !this.#edge.write({ status: this.#unsent });
    this.#unsent = undefined;
  }

  #close(error: unknown): void {
    this.#unwatch?.();
    this.#options.calls.delete(this);
    endStream(this.#edge, failureStatus(error, { method: "Watch", requestId: this.requestId }, this.#options.log));
  }
}
