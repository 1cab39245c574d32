/**
 * Requests whose encoding is right and whose values are extreme, through the project's own client; shrunk to the smallest by fast-check when one
 * does what it must not.
 *
 * @module
 */
import { assert } from "@std/assert";
import fc from "fast-check";
import { ChatError, type MessageServiceClient } from "../../../src/clients/mod.ts";
import { within } from "../deadline.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    "",
    "all",
    "general",
    "room-1",
    "\0",
    "\ud800",
    "a\udc00b",
    "x".repeat(129),
    "é".repeat(32_768),
    "é".repeat(32_769),
    "__proto__",
  ),
);
const int32 = fc.oneof(fc.integer(), fc.integer({ min: -2, max: 20 }), fc.constantFrom(0, 500, 501, 2 ** 31 - 1, -(2 ** 31)));
const int64 = fc.oneof(int32, fc.maxSafeInteger(), fc.constantFrom(2 ** 53 - 1, -(2 ** 53) + 1, 253_402_300_799, 253_402_300_800));
const metadata = fc.dictionary(fc.oneof(text, fc.constantFrom("a", "__proto__", "constructor")), text, { maxKeys: 70 });
const optional = { requiredKeys: [] };

/** Values for each RPC, by the method of the client that sends them. */
const calls = {
  createMessage: fc.record({ content: text, username: text, messageType: text, metadata, room: text, clientMessageId: text }, {
    requiredKeys: ["content", "username"],
  }),
  getMessages: fc.record({
    ...{ limit: int32, offset: int32, username: text, sinceTimestamp: int64, untilTimestamp: int64, room: text, order: text },
    ...{ afterSeq: int64, beforeSeq: int64, search: text, messageType: text, metadata },
  }, optional),
  getMessage: fc.record({ id: int32, room: text }, { requiredKeys: ["id"] }),
  updateMessage: fc.record({ id: int32, content: text, metadata, replaceMetadata: fc.boolean(), ifVersion: int32, room: text }, {
    requiredKeys: ["id", "content"],
  }),
  deleteMessage: fc.record({ id: int32, room: text }, { requiredKeys: ["id"] }),
  listRevisions: fc.record({ id: int32, room: text }, { requiredKeys: ["id"] }),
  subscribe: fc.record({ subscribeTo: text, room: text, afterSeq: int64, includeChanges: fc.boolean() }, optional),
} as const;

/** The methods that {@link fuzzWellFormed} knows. */
export const methodNames = Object.keys(calls) as readonly (keyof typeof calls)[];

/** Makes `runs` calls; throws fast-check's report with the smallest request that hung, or failed with what blames the server. */
export async function fuzzWellFormed(
  client: MessageServiceClient,
  method: keyof typeof calls,
  options: { readonly runs: number; readonly seed: number },
) {
  const send = client[method].bind(client) as (request: unknown) => Promise<unknown>;
  await fc.assert(
    fc.asyncProperty(calls[method] as fc.Arbitrary<unknown>, async (request) => {
      try {
        const answer = await within(5_000, `${method} to end`, send(request));
        if (method === "subscribe") await (answer as AsyncIterable<unknown>)[Symbol.asyncIterator]().return?.();
      } catch (error) {
        assert(error instanceof ChatError && error.code !== "internal" && error.code !== "unavailable", String(error));
      }
    }),
    { numRuns: options.runs, seed: options.seed | 0 },
  );
}
