import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ChatError } from "../../src/core/errors.ts";
import { messageServiceDefinition as definition } from "../../src/wire/definitions.ts";
import { checkWire } from "../../src/wire/strict.ts";

const text = fc.string({ unit: "grapheme", maxLength: 80 });
const seq = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
const getMessages = fc.record({
  limit: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  username: text,
  afterSeq: fc.option(seq, { nil: undefined }),
  search: text,
  metadata: fc.dictionary(text, text),
  untilTimestamp: seq,
}, { requiredKeys: [] });

Deno.test("checkWire takes every message that protobuf encoders make", () => {
  fc.assert(fc.property(getMessages, (request) => {
    checkWire(
      "GetMessagesRequest",
      definition.GetMessages.requestSerialize(request as Parameters<typeof definition.GetMessages.requestSerialize>[0]),
    );
  }));
});

Deno.test("checkWire either takes random bytes, and then they decode, or refuses them with a sentence", () => {
  let taken = 0;
  const check = (bytes: Uint8Array) => {
    try {
      checkWire("GetMessagesRequest", bytes);
    } catch (error) {
      assert(error instanceof ChatError && error.code === "invalid_argument", String(error));
      return;
    }
    taken++;
    definition.GetMessages.requestDeserialize(Buffer.from(bytes));
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), check), { numRuns: 5_000 });
  assert(taken > 0);
});

Deno.test("checkWire refuses every message that was cut within a field", () => {
  const whole = definition.CreateMessage.requestSerialize({ content: "hello", username: "ann", metadata: { a: "b" } });
  const ends = new Set([0, 7, 12, 20]);
  for (let length = 0; length <= whole.length; length++) {
    let refused = false;
    try {
      checkWire("CreateMessageRequest", whole.subarray(0, length));
    } catch {
      refused = true;
    }
    assertEquals(refused, !ends.has(length), `cut after ${length} of ${whole.length} bytes`);
  }
});

Deno.test("checkWire refuses a number of 32 bits in more bytes than the decoder follows, and takes it in 10", () => {
  const [limit, afterSeq] = [1, 7];
  const number = (field: number, bytes: number) => Uint8Array.of(field * 8, ...Array(bytes - 1).fill(0x80), 0);
  for (const bytes of [1, 5, 10]) checkWire("GetMessagesRequest", number(limit, bytes));
  for (const bytes of [6, 7, 9]) assertThrows(() => checkWire("GetMessagesRequest", number(limit, bytes)), ChatError, `in ${bytes} bytes`);
  for (const bytes of [5, 6, 7, 9, 10]) checkWire("GetMessagesRequest", number(afterSeq, bytes));
});

Deno.test("checkWire takes a field that comes twice, and refuses packed bytes for a single number", () => {
  checkWire("GetMessagesRequest", Uint8Array.of(8, 1, 8, 2));
  let message = "";
  try {
    checkWire("GetMessagesRequest", Uint8Array.of(10, 1, 1));
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, "Field `limit` must be varint, got length-delimited on the wire");
});
