import type { TraceContext } from "../core/context.ts";
import { abortError, ChatError } from "../core/errors.ts";
import { type ServiceError, status } from "../wire/grpc_js.ts";
import { fromStatus } from "../wire/status.ts";
import type { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { type TracedCall, tracedCall } from "./traced.ts";

/** What one attempt needs to know. */
export interface AttemptOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970; Infinity for none. */
  readonly deadlineAtMs: number;
  readonly requestId?: string;
  /** What the call proves itself with. */
  readonly authorization?: string | undefined;
  /** The caller's trace. */
  readonly trace?: TraceContext | undefined;
}

/** Sends one unary call, once. Throws `ChatError`: the server's, the network's as `unavailable`, or what the signal stands for. */
export function callOnce<Request, Response>(
  pool: ChannelPool,
  method: Method<Request, Response>,
  request: Request,
  options: AttemptOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let traced: TracedCall | undefined;
    const callback = (error: ServiceError | null, response?: Response) => {
      release(error);
      const failure = error === null ? undefined : callError(error, pool, options.signal);
      traced?.end(failure);
      if (failure === undefined) resolve(response as Response);
      else reject(failure);
    };
    const { release } = pool.start(
      (client) => {
        traced = tracedCall(method.path, options);
        const { path, requestSerialize, responseDeserialize } = method;
        const end = { deadline: options.deadlineAtMs };
        return client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, traced.metadata, end, callback);
      },
      options.signal,
    );
  });
}

/** What a failed call means: the caller's or the client's own end first, then the network's, then what the server said. */
export function callError(error: ServiceError, pool: ChannelPool, signal: AbortSignal | undefined): ChatError {
  if (signal?.aborted) return abortError(signal);
  if (pool.closed.aborted) return abortError(pool.closed);
  if (error.code === status.DEADLINE_EXCEEDED && /^Deadline exceeded/.test(error.details)) {
    return new ChatError("deadline_exceeded", `The call was not over by its deadline, sent to ${pool.peer}`, { cause: error });
  }
  if (error.code === status.RESOURCE_EXHAUSTED && error.details.startsWith("Received message larger")) {
    // The first bytes of an HTTP answer, read as gRPC, are the length of a message of hundreds of megabytes.
    const text = `An answer is larger than maxMessageBytes, or no gRPC is spoken by ${pool.peer} (${error.details.slice(0, 100)})`;
    return new ChatError("resource_exhausted", text, { cause: error });
  }
  const lost = connectionProblem(error, pool);
  if (lost === undefined) return fromStatus(error, error);
  return new ChatError("unavailable", lost, { cause: error, retryAfterMs: pool.retryAfterMs });
}

/** A sentence for the ends that grpc-js makes up itself; undefined for a status that the server sent. */
function connectionProblem({ code, details }: ServiceError, { peer, hidesAddress }: ChannelPool): string | undefined {
  if (code === status.UNAVAILABLE && /^(?:round_robin: )?(No connection established|Name resolution failed|Channel closed)/.test(details)) {
    const reason = /.*Last error: (?:\w*Error: )?(.*?)\.?(?: Resolution note:.*)?$/s.exec(details)?.[1];
    return `No connection to ${peer}${reason && !hidesAddress ? ` (${reason})` : ""}`;
  }
  if (code === status.UNAVAILABLE && /^(Connection dropped|read ECONN|write E)/.test(details)) return `The connection to ${peer} was lost`;
  // A connection that has reached the server's age limit ends its streams this way.
  if (code === status.INTERNAL && details.startsWith("Received RST_STREAM")) return `The connection to ${peer} was cut off`;
  return undefined;
}
