/**
 * Requests as bytes, for tools that know no protobuf.
 *
 * @module
 */
import type { GetMessagesRequest } from "../../src/contracts/mod.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";

/** An ordinary line of chat. */
export const CONTENT = "Hello, this is an ordinary line of chat, neither short nor long.";

function framed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  new DataView(bytes.buffer).setUint32(1, body.length);
  bytes.set(body, 5);
  return bytes;
}

/** A GetMessages request with its gRPC header, in base64. */
export function pageRequest(page: GetMessagesRequest): string {
  return framed(messageServiceDefinition.GetMessages.requestSerialize({ ...page })).toBase64();
}

/** Writes a CreateMessage request with its gRPC header to a file and gives the file's path. */
export async function creationFile(folder: string): Promise<string> {
  const { requestSerialize } = messageServiceDefinition.CreateMessage;
  const body = requestSerialize({ content: CONTENT, username: "user-1" });
  const path = `${folder}/creation.bin`;
  await Deno.writeFile(path, framed(body));
  return path;
}
