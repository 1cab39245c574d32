import type { IndexDocumentRequest, IndexProgress } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { ClientDuplexStream, ServiceError } from "../wire/grpc_js.ts";
import { type AttemptOptions, callError } from "./call.ts";
import type { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { tracedCall } from "./traced.ts";

type IndexCall = ClientDuplexStream<IndexDocumentRequest, IndexProgress>;

/** Sends requests as fast as the server takes them and hands out its answers; leaving the loop ends the call. */
export async function* openIndexing(
  pool: ChannelPool,
  method: Method<IndexDocumentRequest, IndexProgress>,
  requests: Iterable<IndexDocumentRequest> | AsyncIterable<IndexDocumentRequest>,
  options: AttemptOptions,
): AsyncGenerator<IndexProgress> {
  const { path, requestSerialize, responseDeserialize } = method;
  const traced = tracedCall(path, options);
  const { call, release } = pool.start((client): IndexCall => {
    return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, traced.metadata, { deadline: options.deadlineAtMs });
  }, options.signal);
  const answers: IndexProgress[] = [];
  const state: { over: boolean; error?: unknown } = { over: false };
  let wake = Promise.withResolvers<void>();
  const finish = (error?: unknown) => {
    state.over = true;
    state.error ??= error;
    wake.resolve();
  };
  call.on("data", (progress: IndexProgress) => {
    answers.push(progress);
    wake.resolve();
  });
  call.on("error", (error: ServiceError) => finish(callError(error, pool, options.signal)));
  call.on("end", () => finish());
  const sending = send(call, requests, () => state.over).catch((error) => finish(error));
  try {
    while (true) {
      const next = answers.shift();
      if (next !== undefined) yield next;
      else if (state.over) break;
      else {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    }
    if (state.error !== undefined) throw state.error;
  } finally {
    state.over = true;
    release();
    call.cancel();
    traced.end(state.error instanceof ChatError ? state.error : undefined);
    await sending;
  }
}

async function send(
  call: IndexCall,
  requests: Iterable<IndexDocumentRequest> | AsyncIterable<IndexDocumentRequest>,
  over: () => boolean,
): Promise<void> {
  for await (const request of requests) {
    if (over()) return;
    if (!call.write(request)) await free(call);
  }
  if (!over()) call.end();
}

function free(call: IndexCall): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ["drain", "close", "error", "end"]) call.removeListener(event, done);
      resolve();
    };
    for (const event of ["drain", "close", "error", "end"]) call.once(event, done);
  });
}
