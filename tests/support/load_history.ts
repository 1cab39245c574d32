/**
 * What a room holds in the end, read through both faces, held against what its writers and followers were told.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Message, MessageServiceClient } from "../../src/clients/mod.ts";
import type { Follower } from "./load_followers.ts";
import { assertAsWritten, type Written } from "./load_writers.ts";

/** A room's messages and its newest position. */
export interface RoomHistory {
  readonly messages: readonly Message[];
  readonly headSeq: number;
}

/** Reads a whole room over gRPC, page by page. */
export async function readRoom(address: string, room: string): Promise<RoomHistory> {
  await using client = new MessageServiceClient({ address });
  const messages: Message[] = [];
  for (let afterSeq = 0;;) {
    const page = await client.getMessages({ room, limit: 500, afterSeq });
    messages.push(...page.messages);
    if (!page.hasMore) {
      assertEquals(page.totalCount, messages.length, `total_count of ${room}`);
      return { messages, headSeq: page.headSeq };
    }
    afterSeq = page.nextSeq;
  }
}

/** Reads the same over HTTP, as position and content. */
export async function readRoomRest(url: string, room: string): Promise<readonly (readonly [number, string, string])[]> {
  const rows: (readonly [number, string, string])[] = [];
  for (let afterSeq = 0;;) {
    const response = await fetch(`${url}/v1/messages?limit=500&after_seq=${afterSeq}&room=${encodeURIComponent(room)}`);
    const page = await response.json();
    assertEquals(response.status, 200, JSON.stringify(page));
    for (const message of page.messages) rows.push([message.id, message.client_message_id, message.content]);
    if (!page.has_more) return rows;
    afterSeq = page.next_seq;
  }
}

/** Nothing acknowledged is missing or changed, nothing is there that nobody wrote, and no key is there twice. */
export function assertHistory(history: RoomHistory, written: readonly Written[]): void {
  const stored = new Map<string, Message>();
  for (const message of history.messages) {
    assert(!stored.has(message.clientMessageId), `key ${message.clientMessageId} is stored twice`);
    stored.set(message.clientMessageId, message);
  }
  const expected = written.filter((one) => one.deleted !== true);
  for (const one of expected) {
    const message = stored.get(one.key);
    assert(message !== undefined, `acknowledged message ${one.key} is lost`);
    assertAsWritten(message, one);
  }
  assertEquals(stored.size, expected.length, "messages stored and messages acknowledged");
  assertEquals(new Set(written.map((one) => one.id)).size, written.length, "two keys were given one id");
}

/** A follower of everything saw each position of the room's log exactly once and in order, with what was written at each. */
export function assertFollowedAll(follower: Follower, headSeq: number, written: ReadonlyMap<string, Written>): void {
  const seqs = follower.events.map((event) => event.seq);
  const wrong = seqs.findIndex((seq, index) => seq !== index + 1);
  assertEquals(wrong, -1, `${follower.name}: after ${seqs.slice(Math.max(0, wrong - 3), wrong)} came ${seqs.slice(wrong, wrong + 3)}`);
  assertEquals(seqs.length, headSeq, `${follower.name}: events seen`);
  for (const event of follower.events) {
    const one = written.get(event.key);
    assert(one !== undefined, `${follower.name}: ${event.key} was written by nobody`);
    assertEquals(event.id, one.id, `${follower.name}: id of ${event.key}`);
    if (event.deleted) assert(one.deleted === true, `${follower.name}: ${event.key} was deleted by nobody`);
    else assertEquals(event.content, event.eventType === "edited" ? one.edited : one.content, `${follower.name}: content of ${event.key}`);
  }
}

/** A follower of one user saw that user's creations once and in order; what was deleted before it was told may be left out. */
export function assertFollowedUser(follower: Follower, username: string, written: readonly Written[]): void {
  const theirs = written.filter((one) => one.room === follower.room && one.username === username).sort((a, b) => a.id - b.id);
  const seen = follower.events.map((event) => event.id);
  const left = theirs.filter((one) => one.deleted !== true || seen.includes(one.id)).map((one) => one.id);
  assertEquals(seen, left, follower.name);
}
