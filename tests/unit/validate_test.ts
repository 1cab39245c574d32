import { assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { validCreate, validDeletion, validKey, validPage, validSubscription, validUpdate } from "../../src/message/validate.ts";

const CREATE = { content: "hello", username: "ann" };

/** The field and text of the refusal. */
function refusal(call: () => unknown): { field: string | undefined; message: string } {
  const error = assertThrows(call, ChatError);
  assertEquals(error.code, "invalid_argument");
  return { field: error.field, message: error.message };
}

Deno.test("validCreate fills in the room and the type", () => {
  const valid = validCreate(CREATE);
  assertEquals([valid.room, valid.messageType, valid.clientMessageId], ["general", "text", undefined]);
});

Deno.test("validCreate measures UTF-8 bytes, not characters", () => {
  assertEquals(validCreate({ ...CREATE, content: "é".repeat(32_768) }).content.length, 32_768);
  assertEquals(refusal(() => validCreate({ ...CREATE, content: "é".repeat(32_769) })), {
    field: "content",
    message: "Field `content` must be 1 to 65536 bytes of UTF-8, got 65538",
  });
  assertEquals(
    refusal(() => validCreate({ ...CREATE, username: "名".repeat(43) })).message,
    "Field `username` must be 1 to 128 bytes of UTF-8, got 129",
  );
});

Deno.test("validCreate names the field of each refusal", () => {
  const cases: readonly [string, Partial<Parameters<typeof validCreate>[0]>][] = [
    ["content", { content: "" }],
    ["content", { content: "a\0b" }],
    ["content", { content: "a\ud800b" }],
    ["content", { content: "a\udc00" }],
    ["username", { username: "" }],
    ["username", { username: "x".repeat(129) }],
    ["message_type", { messageType: "x".repeat(129) }],
    ["room", { room: "x".repeat(129) }],
    ["room", { room: "a\0" }],
    ["client_message_id", { clientMessageId: "x".repeat(129) }],
    ["metadata", { metadata: { a: "x\0" } }],
    ["metadata", { metadata: { "k\ud800": "x" } }],
    ["metadata", { metadata: { a: "x".repeat(16_384) } }],
    ["metadata", { metadata: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, ""])) }],
  ];
  for (const [field, change] of cases) {
    assertEquals(refusal(() => validCreate({ ...CREATE, ...change })).field, field, JSON.stringify(change).slice(0, 60));
  }
});

Deno.test("validCreate takes metadata at the limits", () => {
  assertEquals(validCreate({ ...CREATE, metadata: { a: "x".repeat(16_383) } }).metadata["a"]?.length, 16_383);
  const entries = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, ""]));
  assertEquals(Object.keys(validCreate({ ...CREATE, metadata: entries }).metadata).length, 64);
});

Deno.test("validPage turns 0 into the default limit and refuses more than 500", () => {
  assertEquals(validPage({}).limit, 50);
  assertEquals(validPage({ limit: 500 }).limit, 500);
  assertEquals(refusal(() => validPage({ limit: 501 })).message, "Field `limit` must be a whole number from 0 to 500, got 501");
  assertEquals(refusal(() => validPage({ limit: -1 })).field, "limit");
});

Deno.test("validPage names the field of each refusal", () => {
  assertEquals(refusal(() => validPage({ offset: -1 })).field, "offset");
  assertEquals(refusal(() => validPage({ order: "sideways" })).message, 'Field `order` must be "oldest" or "newest", got "sideways"');
  assertEquals(refusal(() => validPage({ search: "!!" })).field, "search");
  assertEquals(refusal(() => validPage({ sinceTimestamp: -5 })).field, "since_timestamp");
  assertEquals(refusal(() => validPage({ untilTimestamp: 9e15 })).field, "until_timestamp");
  assertEquals(refusal(() => validPage({ afterSeq: 1.5 })).field, "after_seq");
  assertEquals(refusal(() => validPage({ beforeSeq: 2 ** 60 })).field, "before_seq");
});

Deno.test("validKey refuses ids that no message has, validDeletion takes them", () => {
  assertEquals(refusal(() => validKey({ id: 0 })).field, "id");
  assertEquals(validDeletion({ id: -7 }).id, -7);
});

Deno.test("validUpdate refuses metadata that would be ignored", () => {
  assertEquals(refusal(() => validUpdate({ id: 1, content: "x", metadata: { a: "b" } })).field, "metadata");
  assertEquals(validUpdate({ id: 1, content: "x", metadata: {}, replaceMetadata: true }).metadata, {});
  assertEquals(validUpdate({ id: 1, content: "x" }).metadata, undefined);
  assertEquals(refusal(() => validUpdate({ id: 1, content: "x", ifVersion: 0 })).field, "if_version");
});

Deno.test("validSubscription takes `all` and nothing as everybody", () => {
  assertEquals(validSubscription({ subscribeTo: "all" }).username, undefined);
  assertEquals(validSubscription({}).username, undefined);
  assertEquals(validSubscription({ subscribeTo: "ann" }).username, "ann");
});
