import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Message, MessageEventType } from "../../src/contracts/mod.ts";
import { filterEvents, RoomFeed } from "../../src/message/feed.ts";

const EVERYTHING = { username: undefined, includeChanges: true };

function event(
  seq: number,
  change: { username?: string; eventType?: MessageEventType; deleted?: boolean; content?: string } = {},
): Message {
  return {
    id: seq,
    content: "x",
    username: "ann",
    messageType: "text",
    timestamp: 0,
    metadata: {},
    room: "general",
    seq,
    eventType: "created",
    version: 1,
    createdAtMs: 0,
    updatedAtMs: 0,
    clientMessageId: "",
    deleted: false,
    ...change,
  };
}

function seqs(messages: readonly Message[] | undefined): number[] | undefined {
  return messages?.map((message) => message.seq);
}

Deno.test("RoomFeed.append takes runs that follow on, skips what it has, and only notes what leaves a gap", () => {
  const feed = new RoomFeed("general", 5, { events: 100, bytes: 1e6 });
  assert(feed.append([event(6), event(7)]));
  assert(feed.append([event(7), event(8)]));
  assert(!feed.append([event(10)]));
  assertEquals([feed.newestSeq, feed.knownSeq], [8, 10]);
});

Deno.test("RoomFeed.nodeAt finds the run that follows a position, and none for one that is let go", () => {
  const feed = new RoomFeed("general", 0, { events: 4, bytes: 1e6 });
  for (let seq = 1; seq <= 9; seq += 3) feed.append([event(seq), event(seq + 1), event(seq + 2)]);
  assertEquals(feed.nodeAt(5), undefined);
  assertEquals(seqs(feed.nodeAt(6)?.next?.select(EVERYTHING, 6)), [7, 8, 9]);
  assertEquals(seqs(feed.nodeAt(7)?.next?.select(EVERYTHING, 7)), [8, 9]);
  assertEquals(feed.nodeAt(9)?.next, undefined);
});

Deno.test("RoomFeed marks and cuts what it lets go, by events and by bytes", () => {
  const feed = new RoomFeed("general", 0, { events: 1000, bytes: 10_000 });
  const start = feed.nodeAt(0);
  for (let seq = 1; seq <= 4; seq++) feed.append([event(seq, { content: "y".repeat(5000) })]);
  assertEquals([start?.dropped, start?.next], [true, undefined]);
});

Deno.test("RoomFeed keeps the newest run for those who wait for it, however large", () => {
  const feed = new RoomFeed("general", 0, { events: 2, bytes: 10 });
  const start = feed.nodeAt(0);
  feed.append([event(1), event(2), event(3)]);
  assertEquals(seqs(start?.next?.select(EVERYTHING, 0)), [1, 2, 3]);
});

Deno.test("FeedNode.select gives every subscriber with the same filter the very same array", () => {
  const feed = new RoomFeed("general", 0, { events: 100, bytes: 1e6 });
  feed.append([event(1), event(2, { username: "bob" })]);
  const node = feed.nodeAt(0)?.next;
  const ann = { username: "ann", includeChanges: false };
  assertStrictEquals(node?.select(ann, 0), node?.select({ ...ann }, 0));
  assertEquals(seqs(node?.select(ann, 0)), [1]);
  assertStrictEquals(node?.select(EVERYTHING, 0), node?.select({ username: undefined, includeChanges: false }, 0));
});

Deno.test("filterEvents shows edits, deletions and creations of what is deleted only to those who ask for changes", () => {
  const events = [
    event(1, { deleted: true }),
    event(2, { eventType: "edited" }),
    event(3),
    event(4, { eventType: "deleted", deleted: true }),
  ];
  assertEquals(seqs(filterEvents(events, { username: undefined, includeChanges: false })), [3]);
  assertEquals(seqs(filterEvents(events, EVERYTHING)), [1, 2, 3, 4]);
});
