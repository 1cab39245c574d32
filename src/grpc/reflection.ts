import type { Caller } from "../core/caller.ts";
import { abortError, ChatError } from "../core/errors.ts";
import { descriptorSet } from "../wire/definitions.ts";
import type { ServerReflectionRequest__Output } from "../wire/generated/grpc/reflection/v1/ServerReflectionRequest.ts";
import type { ServerReflectionResponse } from "../wire/generated/grpc/reflection/v1/ServerReflectionResponse.ts";
import { type handleBidiStreamingCall, type ServerDuplexStream, status, type UntypedServiceImplementation } from "../wire/grpc_js.ts";
import { Call } from "./call.ts";
import { endStream } from "./end_stream.ts";
import { failureStatus } from "./failure.ts";
import { ReflectionIndex } from "./reflection_index.ts";
import { BadRequest } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";

/** A call that asks what the server offers. */
type ReflectionCall = ServerDuplexStream<ServerReflectionRequest__Output | BadRequest, ServerReflectionResponse>;

/** What the reflection handlers work with. */
export interface ReflectionOptions extends Pick<HandlerOptions, "callers" | "calls" | "log"> {
  /** The full names of the services on offer. */
  readonly services: readonly string[];
  /** Whether this caller may ask; default: everybody. */
  readonly admits?: (caller: Caller) => boolean;
}

type Answer = Omit<ServerReflectionResponse, "validHost" | "originalRequest">;

/** `ServerReflection`, version 1 or 1alpha, from the descriptors that the protos were compiled to. */
export function reflectionHandlers(options: ReflectionOptions): UntypedServiceImplementation {
  const index = new ReflectionIndex(descriptorSet);
  const serve: handleBidiStreamingCall<ServerReflectionRequest__Output | BadRequest, ServerReflectionResponse> = (edge) =>
    new ReflectionStream(edge, options).run((request) => answer(index, options.services, request));
  return { ServerReflectionInfo: serve };
}

/** One open reflection stream: an answer for each request, and no more requests read than answers taken. */
class ReflectionStream extends Call {
  readonly #edge: ReflectionCall;
  readonly #options: ReflectionOptions;

  constructor(edge: ReflectionCall, options: ReflectionOptions) {
    super(edge, options.callers);
    this.#edge = edge;
    this.#options = options;
    edge.on("cancelled", () => this.endCancelled());
  }

  run(reply: (request: ServerReflectionRequest__Output) => Answer): void {
    const edge = this.#edge;
    try {
      if (this.#options.admits?.(this.caller) === false) {
        throw new ChatError(
          "unauthenticated",
          "Reflection is for known callers on this address; GRPC_REFLECTION on the server changes that",
        );
      }
      this.#options.calls.addStream(this);
    } catch (error) {
      return this.#close(error);
    }
    this.signal.addEventListener("abort", () => this.#close(abortError(this.signal)), { once: true });
    edge.on("data", (request) => {
      if (this.ended !== undefined) return;
      if (request instanceof BadRequest) return this.#close(request.error);
      if (edge.write({ validHost: request.host, originalRequest: request, ...reply(request) })) return;
      edge.pause();
      edge.once("drain", () => edge.resume());
    });
    edge.on("end", () => {
      this.#options.calls.delete(this);
      edge.end();
    });
  }

  #close(error: unknown): void {
    this.#options.calls.delete(this);
    endStream(this.#edge, failureStatus(error, { method: "ServerReflectionInfo", requestId: this.requestId }, this.#options.log));
  }
}

function answer(index: ReflectionIndex, services: readonly string[], request: ServerReflectionRequest__Output): Answer {
  const { listServices, fileByFilename, fileContainingSymbol, fileContainingExtension, allExtensionNumbersOfType } = request;
  if (listServices !== undefined) return { listServicesResponse: { service: services.map((name) => ({ name })) } };
  if (fileByFilename !== undefined) return files(index.byName(fileByFilename), `file ${quoted(fileByFilename)}`);
  if (fileContainingSymbol !== undefined) return files(index.bySymbol(fileContainingSymbol), `symbol ${quoted(fileContainingSymbol)}`);
  // The protos are proto3, which has no extensions but for options.
  if (fileContainingExtension != null) {
    const { containingType, extensionNumber } = fileContainingExtension;
    return missing(`extension ${extensionNumber} of ${quoted(containingType)}`);
  }
  if (allExtensionNumbersOfType === undefined) return refusal(status.INVALID_ARGUMENT, "The request asks for nothing that is known here");
  return index.hasMessage(allExtensionNumbersOfType)
    ? { allExtensionNumbersResponse: { baseTypeName: allExtensionNumbersOfType, extensionNumber: [] } }
    : missing(`message type ${quoted(allExtensionNumbersOfType)}`);
}

function files(found: readonly Uint8Array[] | undefined, what: string): Answer {
  return found === undefined ? missing(what) : { fileDescriptorResponse: { fileDescriptorProto: [...found] } };
}

function missing(what: string): Answer {
  return refusal(status.NOT_FOUND, `There is no ${what} here`);
}

function refusal(errorCode: number, errorMessage: string): Answer {
  return { errorResponse: { errorCode, errorMessage } };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
