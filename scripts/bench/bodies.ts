/**
 * Requests as bytes, for tools that know no protobuf.
 *
 * @module
 */
import { messageServiceDefinition } from "../../src/wire/definitions.ts";

/** An ordinary line of chat. */
export const CONTENT = "Hello, this is an ordinary line of chat, neither short nor long.";

/** Writes a CreateMessage request with its gRPC header to a file and gives the file's path. */
export async function creationFile(folder: string): Promise<string> {
  const { requestSerialize } = messageServiceDefinition.CreateMessage;
  const body = requestSerialize({ content: CONTENT, username: "user-1" });
  const header = new DataView(new ArrayBuffer(5));
  header.setUint32(1, body.length);
  const path = `${folder}/creation.bin`;
  await Deno.writeFile(path, new Uint8Array([...new Uint8Array(header.buffer), ...body]));
  return path;
}
