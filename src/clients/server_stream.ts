import type { ChatError } from "../core/errors.ts";
import type { ServiceError } from "../wire/grpc_js.ts";
import { callError } from "./call.ts";
import type { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { type CallOptions, deadlineAt } from "./options.ts";
import { tracedCall } from "./traced.ts";

/**
 * Opens one stream of answers and hands them out as they are read, so a slow reader holds the server up. Without a deadline unless the call has
 * one. Leaving the loop ends the call; a stream that breaks off throws what `callOnce` would.
 */
export async function* readStream<Request, Response>(
  pool: ChannelPool,
  method: Method<Request, Response>,
  request: Request,
  options: CallOptions,
): AsyncGenerator<Response> {
  const { deadlineMs, deadlineAtMs = Infinity, signal } = options;
  const { path, requestSerialize, responseDeserialize } = method;
  const deadline = deadlineMs === undefined ? deadlineAtMs : deadlineAt(deadlineMs, deadlineAtMs);
  const authorization = await pool.authorization(options.authorization);
  const traced = tracedCall(path, { ...options, authorization });
  const { call, answered, release } = pool.start(
    (client) => client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, traced.metadata, { deadline }),
    signal,
  );
  // A stream that nobody reads any more still tells of its cancel.
  call.on("error", () => {});
  call.once("metadata", answered);
  let end: ServiceError | null | undefined;
  let failure: ChatError | undefined;
  try {
    yield* call as AsyncIterable<Response>;
    end = null;
  } catch (error) {
    end = error as ServiceError;
    failure = callError(end, pool, signal);
    throw failure;
  } finally {
    call.cancel();
    release(end);
    traced.end(failure);
  }
}
