import type { Buffer } from "node:buffer";
import { messageServiceDefinition as definition } from "../wire/definitions.ts";
import { messageFromWire, pageFromWire, revisionsFromWire } from "../wire/message_codec.ts";

/** One RPC as the wire knows it: where it lives and how its messages become bytes. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
  /** Whether its proto says (`idempotency_level`) that sending it twice does no more than sending it once. */
  readonly repeatable?: boolean;
  /** Whether its proto says that it changes nothing at all. */
  readonly readOnly?: boolean;
}

/** The RPCs of the message service, in the contract's types. */
export const messageMethods = {
  createMessage: method(definition.CreateMessage, messageFromWire),
  getMessages: method(definition.GetMessages, pageFromWire),
  getMessage: method(definition.GetMessage, messageFromWire),
  updateMessage: method(definition.UpdateMessage, messageFromWire),
  deleteMessage: method(definition.DeleteMessage, asIs),
  listRevisions: method(definition.ListRevisions, revisionsFromWire),
  listRooms: method(definition.ListRooms, (answer) => answer),
  getRoom: method(definition.GetRoom, (answer) => answer),
  updateRoom: method(definition.UpdateRoom, (answer) => answer),
  streamMessages: method(definition.StreamMessages, messageFromWire),
};

/** For answers whose shape on the wire is the contract's. */
export function asIs<T>(answer: T): T {
  return answer;
}

/** A method of a loaded proto, whose answers are decoded further; whether it may be repeated stands in its descriptor. */
export function method<Request, WireResponse, Response>(
  definition: Method<Request, WireResponse>,
  decode: (answer: WireResponse) => Response,
): Method<Request, Response> {
  const { path, requestSerialize, responseDeserialize } = definition;
  // proto-loader tells it, which grpc-js's own types do not know of.
  const level = (definition as { readonly options?: { readonly idempotency_level?: string } }).options?.idempotency_level;
  const readOnly = level === "NO_SIDE_EFFECTS";
  const repeatable = readOnly || level === "IDEMPOTENT";
  return { path, requestSerialize, responseDeserialize: (bytes) => decode(responseDeserialize(bytes)), repeatable, readOnly };
}
