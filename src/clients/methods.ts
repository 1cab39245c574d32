import type { Buffer } from "node:buffer";
import { messageServiceDefinition as definition } from "../wire/definitions.ts";
import { messageFromWire, pageFromWire, revisionsFromWire } from "../wire/message_codec.ts";

/** One RPC as the wire knows it: where it lives and how its messages become bytes. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** The RPCs of the message service, in the contract's types. */
export const messageMethods = {
  createMessage: method(definition.CreateMessage, messageFromWire),
  getMessages: method(definition.GetMessages, pageFromWire),
  getMessage: method(definition.GetMessage, messageFromWire),
  updateMessage: method(definition.UpdateMessage, messageFromWire),
  deleteMessage: method(definition.DeleteMessage, (answer) => answer),
  listRevisions: method(definition.ListRevisions, revisionsFromWire),
  streamMessages: method(definition.StreamMessages, messageFromWire),
};

function method<Request, WireResponse, Response>(
  { path, requestSerialize, responseDeserialize }: Method<Request, WireResponse>,
  decode: (answer: WireResponse) => Response,
): Method<Request, Response> {
  return { path, requestSerialize, responseDeserialize: (bytes) => decode(responseDeserialize(bytes)) };
}
