import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Message } from "../../src/contracts/mod.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import { messageFromWire } from "../../src/wire/message_codec.ts";
import { MessageFrames } from "../../src/wire/message_frames.ts";

function message(seq: number, content = `message ${seq}`): Message {
  return {
    ...{ id: seq, seq, content, username: "ann", messageType: "text", timestamp: 1, metadata: { a: "b" }, room: "general" },
    ...{ eventType: "created", version: 1, createdAtMs: 1_000, updatedAtMs: 1_000, clientMessageId: "", deleted: false },
  };
}

/** What a client reads out of gRPC frames. */
function decode(bytes: Buffer): readonly unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < bytes.length;) {
    assertEquals(bytes[at], 0);
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    found.push(messageFromWire(messageServiceDefinition.StreamMessages.responseDeserialize(bytes.subarray(at + 5, end))));
    at = end;
  }
  return found;
}

Deno.test("MessageFrames.pieces holds every message of the batch in order, as any client reads them", () => {
  const batch = [message(1), message(2, "é日本"), message(3)];
  assertEquals(decode(Buffer.concat([...new MessageFrames().pieces(batch)])), batch);
});

Deno.test("MessageFrames encodes a message once, whatever batches and calls it is in", () => {
  const frames = new MessageFrames();
  const batch = [message(1), message(2)];
  const pieces = frames.pieces(batch);
  assertStrictEquals(frames.pieces(batch), pieces);
  frames.pieces([batch[1]!]);
  frames.body(batch[0]!);
  assertEquals(frames.encodings, 2);
});

Deno.test("MessageFrames.pieces keeps pieces near 64 KB, and a large message whole", () => {
  const batch = Array.from({ length: 40 }, (_, index) => message(index + 1, "x".repeat(index === 20 ? 65_536 : 5_000)));
  const pieces = new MessageFrames().pieces(batch);
  assertEquals(pieces.flatMap(decode), batch);
  assertEquals(pieces.filter((piece) => piece.length > 65_536).length, 1);
  assertEquals(pieces.length, 5);
});
