/**
 * `StreamMessages` as grpc-js gives it, without a client that resumes: for tests that look at how a stream ends.
 *
 * @module
 */
import type { StreamMessagesRequest } from "../../src/clients/mod.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import type { MessageResponse__Output } from "../../src/wire/generated/chat/MessageResponse.ts";
import { Client, credentials, Metadata, type ServiceError, type StatusObject } from "../../src/wire/grpc_js.ts";
import { resumeSeqOf } from "../../src/wire/status.ts";

/** How a stream ended. */
export interface StreamEnd {
  readonly code: number;
  readonly details: string;
  /** What the trailers told. */
  readonly resumeSeq: number | undefined;
}

/** One open stream. */
export interface RawStream {
  /** Resolves with the position that the server's initial metadata told. */
  readonly opened: Promise<number | undefined>;
  readonly ended: Promise<StreamEnd>;
  /** Positions received so far. */
  readonly seqs: readonly number[];
}

/** Connections to one server; streams are spread over them. */
export class RawStreams implements Disposable {
  readonly #clients: readonly Client[];
  #next = 0;

  constructor(address: string, connections = 1) {
    const options = { "grpc.use_local_subchannel_pool": 1 };
    this.#clients = Array.from({ length: connections }, () => new Client(address, credentials.createInsecure(), options));
  }

  /** Opens a stream and reads it to its end. */
  open(request: StreamMessagesRequest): RawStream {
    const client = this.#clients[this.#next++ % this.#clients.length]!;
    const { path, requestSerialize, responseDeserialize } = messageServiceDefinition.StreamMessages;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    const seqs: number[] = [];
    const opened = Promise.withResolvers<number | undefined>();
    const ended = Promise.withResolvers<StreamEnd>();
    call.on("metadata", (metadata: Metadata) => opened.resolve(resumeSeqOf(metadata)));
    call.on("status", ({ code, details, metadata }: StatusObject) => ended.resolve({ code, details, resumeSeq: resumeSeqOf(metadata) }));
    call.on("error", (error: ServiceError) => opened.reject(error));
    opened.promise.catch(() => {}); // told by `ended` as well
    call.on("data", (message: MessageResponse__Output) => seqs.push(message.seq));
    call.write(request);
    return { opened: opened.promise, ended: ended.promise, seqs };
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }
}
