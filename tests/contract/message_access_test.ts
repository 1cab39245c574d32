/**
 * What the message service lets whom do, on every database.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { MessageStream } from "../../src/contracts/mod.ts";
import type { Caller, Scope } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";

const known = (name: string, more: readonly Scope[] = [], rooms?: readonly string[]): Caller => ({
  ...{ kind: "api_key", id: `key:${name}`, name, scopes: new Set<Scope>(["messages:read", "messages:write", ...more]) },
  ...(rooms === undefined ? {} : { rooms: new Set(rooms) }),
});
const as = (caller: Caller) => callContext({ caller });
const [ann, bea] = [as(known("ann")), as(known("bea"))];
const manager = as(known("max", ["rooms:manage"]));

async function refusal(work: Promise<unknown>): Promise<readonly (string | undefined)[]> {
  const { code, field } = await assertRejects(() => work, ChatError);
  return [code, field];
}

async function withService(database: Database, work: (service: RunningMessageService) => Promise<void>): Promise<void> {
  const bus = createMemoryBus();
  const service = createMessageService({ database, bus, log: testLog(), pollMs: 50 });
  try {
    await work(service);
  } finally {
    await service.close();
    await bus.close();
  }
}

eachDatabase("MessageService holds callers to their own name and messages", async (t, { database }) => {
  await withService(database, async (service) => {
    await t.step("a caller writes under its own name, also without saying it, and under another's only with that scope", async () => {
      assertEquals((await service.createMessage({ content: "x", username: "" }, ann)).username, "ann");
      assertEquals((await service.createMessage({ content: "x", username: "ann" }, ann)).username, "ann");
      assertEquals(await refusal(service.createMessage({ content: "x", username: "bea" }, ann)), ["permission_denied", "username"]);
      const bridge = as(known("bridge", ["messages:write_as"]));
      assertEquals((await service.createMessage({ content: "x", username: "bea" }, bridge)).username, "bea");
      assertEquals(await refusal(service.createMessage({ content: "x", username: "" }, callContext())), ["invalid_argument", "username"]);
    });

    await t.step("a caller edits and deletes its own messages, and others' only with that scope", async () => {
      const { id } = await service.createMessage({ content: "x", username: "ann" }, ann);
      assertEquals(await refusal(service.updateMessage({ id, content: "y" }, bea)), ["permission_denied", "id"]);
      assertEquals(await refusal(service.updateMessage({ id, content: "y", ifVersion: 9 }, bea)), ["permission_denied", "id"]);
      assertEquals(await refusal(service.deleteMessage({ id }, bea)), ["permission_denied", "id"]);
      assertEquals((await service.getMessage({ id }, bea)).content, "x");
      assertEquals((await service.updateMessage({ id, content: "y" }, ann)).version, 2);
      const moderator = as(known("mod", ["messages:moderate"]));
      assertEquals((await service.updateMessage({ id, content: "z" }, moderator)).username, "ann");
      assertEquals((await service.deleteMessage({ id }, moderator)).success, true);
      assertEquals((await service.deleteMessage({ id }, bea)).success, false);
      assertEquals(await refusal(service.updateMessage({ id, content: "y" }, bea)), ["not_found", "id"]);
      assertEquals((await service.deleteMessage({ id: 2_000_000_000 }, bea)).success, false);
    });

    await t.step("a key that another caller has taken does not give the other's message away", async () => {
      const request = { content: "secret", username: "ann", clientMessageId: "k1" };
      const first = await service.createMessage(request, ann);
      assertEquals((await service.createMessage(request, ann)).id, first.id);
      assertEquals(await refusal(service.createMessage({ ...request, username: "bea" }, bea)), ["already_exists", "client_message_id"]);
      assertEquals((await service.createMessage({ ...request, username: "bea" }, callContext())).id, first.id);
    });

    await t.step("a credential for some rooms is good for those only", async () => {
      const bound = as(known("ann", [], ["one"]));
      const { id } = await service.createMessage({ room: "one", content: "x", username: "ann" }, bound);
      await service.createMessage({ room: "two", content: "x", username: "ann" }, ann);
      const key = { room: "two", id };
      for (
        const work of [
          service.createMessage({ room: "two", content: "x", username: "ann" }, bound),
          ...[service.getMessage(key, bound), service.getMessages({ room: "two" }, bound), service.listRevisions(key, bound)],
          ...[
            service.updateMessage({ ...key, content: "y" }, bound),
            service.deleteMessage(key, bound),
            service.getRoom({ room: "two" }, bound),
          ],
          ...[service.streamMessages({ room: "two" }, bound), service.getMessages({}, bound)],
        ]
      ) assertEquals(await refusal(work), ["permission_denied", "room"]);
      assertEquals((await service.listRooms({}, bound)).rooms.map(({ room }) => room), ["one"]);
    });
  });
});

/** Waits for what a stream ends with. */
async function end(stream: MessageStream): Promise<ChatError> {
  return await within(10_000, "the end of the stream", assertRejects(async () => await Array.fromAsync(stream), ChatError));
}

eachDatabase("MessageService keeps restricted rooms to their members", async (t, { database }) => {
  await withService(database, async (service) => {
    const room = "board";
    const { id } = await service.createMessage({ room, content: "x", username: "bea" }, bea);
    const every = (context: typeof ann) => [
      service.createMessage({ room, content: "x", username: "" }, context),
      ...[
        service.getMessage({ room, id }, context),
        service.getMessages({ room }, context),
        service.getMessages({ room, search: "x" }, context),
      ],
      ...[service.listRevisions({ room, id }, context), service.updateMessage({ room, id, content: "y" }, context)],
      ...[
        service.deleteMessage({ room, id }, context),
        service.streamMessages({ room, afterSeq: 0 }, context),
        service.getRoom({ room }, context),
      ],
    ];
    await service.updateRoom({ room, restricted: true, members: ["ann"], replaceMembers: true }, manager);

    await t.step("whoever is no member gets permission_denied for everything in it, and does not see it in the list", async () => {
      for (const work of every(bea)) assertEquals(await refusal(work), ["permission_denied", "room"]);
      assertEquals((await service.listRooms({}, bea)).rooms.map(({ room }) => room), []);
      assertEquals((await service.listRooms({ visibleTo: "ann" }, bea)).rooms.map(({ room }) => room), []);
    });

    await t.step("members, managers of rooms, and everybody where nobody has to prove anything, use it as ever", async () => {
      await service.createMessage({ room, content: "by ann", username: "ann" }, ann);
      assertEquals((await service.listRooms({}, ann)).rooms.map(({ room }) => room), [room]);
      assertEquals((await service.getMessages({ room }, manager)).totalCount, 2);
      assertEquals((await service.getMessages({ room }, callContext())).totalCount, 2);
    });

    await t.step("a stream ends soon after its reader is no member any more, also where another server took the member away", async () => {
      await service.updateRoom({ room, members: ["ann", "bea"], replaceMembers: true }, manager);
      await withService(database, async (other) => {
        const streams = await Promise.all([bea, ann, manager].map((context) => service.streamMessages({ room }, context)));
        const ended = end(streams[0]!);
        const [annNext, managerNext] = [streams[1]!, streams[2]!].map((stream) => stream[Symbol.asyncIterator]().next());
        await other.updateRoom({ room, members: ["ann"], replaceMembers: true }, manager);
        assertEquals((await ended).code, "permission_denied");
        await service.createMessage({ room, content: "still here", username: "ann" }, ann);
        for (const next of [annNext, managerNext]) assertEquals((await next!).value?.[0]?.content, "still here");
      });
    });

    await t.step("a room that is opened again is open to all", async () => {
      await service.updateRoom({ room, restricted: false }, manager);
      assertEquals((await service.getMessages({ room }, bea)).totalCount, 3);
    });
  });
});
