import type { Message, StreamMessagesRequest } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { ClientDuplexStream, Metadata, ServiceError } from "../wire/grpc_js.ts";
import { type AttemptOptions, callError } from "./call.ts";
import type { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { resumeSeqOf } from "../wire/status.ts";
import { Subscription } from "./subscription.ts";
import { type TracedCall, tracedCall } from "./traced.ts";

/** How one subscription is opened. */
export interface OpenOptions extends AttemptOptions {
  /** How long the server may take to say where the subscription begins. */
  readonly openTimeoutMs: number;
}

/** Opens one subscription and resolves once its position is fixed; `unavailable` when the server does not say so in time. */
export function openSubscription(
  pool: ChannelPool,
  method: Method<StreamMessagesRequest, Message>,
  request: StreamMessagesRequest,
  options: OpenOptions,
): Promise<Subscription> {
  const { promise, resolve, reject } = Promise.withResolvers<Subscription>();
  let traced: TracedCall | undefined;
  const { call, answered, release } = pool.start((client): ClientDuplexStream<StreamMessagesRequest, Message> => {
    const { path, requestSerialize, responseDeserialize } = method;
    traced = tracedCall(path, options);
    return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, traced.metadata, {
      deadline: options.deadlineAtMs,
    });
  }, options.signal);
  let subscription: Subscription | undefined;
  const timer = setTimeout(() => {
    reject(new ChatError("unavailable", `No stream was opened within ${options.openTimeoutMs} ms by ${pool.peer}`));
    call.cancel();
  }, options.openTimeoutMs);
  const end = (error?: ChatError, received?: ServiceError) => {
    clearTimeout(timer);
    release(received);
    traced?.end(error);
    subscription?.end(error);
    reject(error ?? new ChatError("unavailable", "The server ended the stream before it began"));
  };
  call.on("metadata", (metadata: Metadata) => {
    answered();
    clearTimeout(timer);
    const startSeq = resumeSeqOf(metadata);
    if (startSeq === undefined) {
      end(new ChatError("unimplemented", `The server does not tell where a stream begins, so it cannot be resumed: ${pool.peer}`));
      return call.cancel();
    }
    subscription = new Subscription(call, startSeq);
    resolve(subscription);
  });
  call.on("data", (message: Message) => subscription?.push(message));
  call.on("error", (error: ServiceError) => end(callError(error, pool, options.signal), error));
  call.on("end", () => end());
  call.write(request);
  return promise;
}
