import type { IndexDocumentRequest, IndexProgress, RagService } from "../contracts/mod.ts";
import { abortError } from "../core/errors.ts";
import type { handleBidiStreamingCall, ServerDuplexStream } from "../wire/grpc_js.ts";
import { Call } from "./call.ts";
import { endStream } from "./end_stream.ts";
import { failureStatus } from "./failure.ts";
import { BadRequest } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";
import { writeAll } from "./write_all.ts";

/** Requests taken in before the client has to wait. */
const MAX_WAITING = 64;

type IndexEdge = ServerDuplexStream<IndexDocumentRequest | BadRequest, IndexProgress>;

/** Serves `IndexDocuments`: takes requests as fast as they can be stored, answers each in its order. */
export function indexStream(service: RagService, options: HandlerOptions): handleBidiStreamingCall<IndexDocumentRequest, IndexProgress> {
  return (edge) => new IndexStreamCall(edge, options).run(service);
}

class IndexStreamCall extends Call {
  readonly #edge: IndexEdge;
  readonly #options: HandlerOptions;

  constructor(edge: IndexEdge, options: HandlerOptions) {
    super(edge, options.callers);
    this.#edge = edge;
    this.#options = options;
    edge.on("cancelled", () => this.endCancelled());
  }

  /** Never rejects. */
  async run(service: RagService): Promise<void> {
    try {
      this.#options.calls.addStream(this);
      await writeAll(this.#edge, service.indexDocuments(requests(this.#edge, this.signal), this), this.signal);
    } catch (error) {
      endStream(this.#edge, failureStatus(error, { method: "IndexDocuments", requestId: this.requestId }, this.#options.log));
    } finally {
      this.#options.calls.delete(this);
    }
  }
}

/** What the client sends, until it ends its side. Throws the error of a request that cannot be read, and what the signal stands for. */
async function* requests(edge: IndexEdge, signal: AbortSignal): AsyncGenerator<IndexDocumentRequest> {
  const waiting: (IndexDocumentRequest | BadRequest)[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();
  edge.on("data", (request) => {
    waiting.push(request);
    if (waiting.length >= MAX_WAITING) edge.pause();
    wake.resolve();
  });
  edge.on("end", () => {
    ended = true;
    wake.resolve();
  });
  const onAbort = () => wake.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (true) {
      if (signal.aborted) throw abortError(signal);
      const request = waiting.shift();
      if (request instanceof BadRequest) throw request.error;
      if (request !== undefined) {
        if (waiting.length === 0) edge.resume();
        yield request;
      } else if (ended) return;
      else {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
