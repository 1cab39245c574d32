import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "@nats-io/transport-node";
import postgres from "postgres";
import type { Bus, WakeUp } from "../../src/bus/bus.ts";
import { createMemoryBus, MemoryNetwork } from "../../src/bus/memory.ts";
import { createNatsBus, type NatsBusOptions } from "../../src/bus/nats.ts";
import { createPostgresBus } from "../../src/bus/postgres.ts";
import { MAX_SIGNAL_BYTES, type Signal } from "../../src/core/signals.ts";
import { ChatError } from "../../src/core/errors.ts";
import { createLog } from "../../src/observability/log.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";
import { type NatsServer, startNatsCluster, startNatsServer } from "../support/nats.ts";
import { freePort } from "../support/ports.ts";
import { createTestDatabase, startPostgresServer, withPostgres } from "../support/postgres.ts";

/** How to make buses that reach each other. */
interface Kind {
  readonly name: string;
  start(): Promise<{ join(): Promise<Bus>; stop(): Promise<void> }>;
}

const KINDS: readonly Kind[] = [
  {
    name: "memory",
    start: () => {
      const network = new MemoryNetwork();
      return Promise.resolve({ join: () => Promise.resolve(createMemoryBus(network)), stop: () => Promise.resolve() });
    },
  },
  {
    name: "Postgres",
    start: async () => {
      const { url, drop } = await createTestDatabase();
      return { join: () => createPostgresBus({ url, log: testLog() }), stop: drop };
    },
  },
  {
    name: "NATS",
    start: async () => {
      const server = await startNatsServer();
      return { join: () => joinNats([server]), stop: () => server.kill() };
    },
  },
  {
    name: "a cluster of NATS",
    start: async () => {
      const cluster = await startNatsCluster(3);
      let joined = 0;
      // Each bus knows another member only, so that what it hears of the others has gone from member to member.
      const join = async () => {
        const count = ++joined;
        const bus = await joinNats([cluster.servers[count - 1]!]);
        await cluster.knows("chat.wake_up.*", count);
        return bus;
      };
      return { join, stop: async () => await cluster[Symbol.asyncDispose]() };
    },
  },
];

function joinNats(servers: readonly NatsServer[], options: Partial<NatsBusOptions> = {}): Promise<Bus> {
  return createNatsBus({ servers: servers.map((server) => server.address), subjectPrefix: "chat.wake_up", log: testLog(), ...options });
}

/** What a bus has handed over, and a wait for the next. */
class Inbox {
  readonly received: (WakeUp | undefined)[] = [];
  readonly unsubscribe: () => void;
  #arrived = Promise.withResolvers<void>();

  constructor(bus: Bus) {
    this.unsubscribe = bus.subscribe((wakeUp) => {
      this.received.push(wakeUp);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
  }

  /** Waits until a wake-up that satisfies `wanted` has come. */
  async until(what: string, wanted: (wakeUp: WakeUp | undefined) => boolean): Promise<void> {
    while (!this.received.some(wanted)) await within(10_000, what, this.#arrived.promise);
  }
}

const at = (room: string, seq: number) => (wakeUp: WakeUp | undefined) => wakeUp?.room === room && wakeUp.seq === seq;

for (const { name, start } of KINDS) {
  Deno.test(`Bus.publish wakes every other bus, not its own (${name})`, async () => {
    const network = await start();
    const [a, b, c] = await Promise.all([network.join(), network.join(), network.join()]);
    const inboxes = [new Inbox(a), new Inbox(b), new Inbox(c)];
    a.publish({ room: "general", seq: 1 });
    await Promise.all(inboxes.slice(1).map((inbox) => inbox.until("the wake-up", at("general", 1))));
    b.publish({ room: "general", seq: 2 });
    await inboxes[0]!.until("the answer", at("general", 2));
    assertEquals(inboxes[0]!.received, [{ room: "general", seq: 2 }]);
    await Promise.all([a.close(), b.close(), c.close()]);
    await network.stop();
  });

  Deno.test(`Bus.publish makes one wake-up of many in a row, with the highest position of each room (${name})`, async () => {
    const network = await start();
    const [sender, receiver] = await Promise.all([network.join(), network.join()]);
    const inbox = new Inbox(receiver);
    for (let seq = 1; seq <= 1000; seq++) sender.publish({ room: "busy", seq });
    sender.publish({ room: "busy", seq: 500 });
    sender.publish({ room: "quiet", seq: 7 });
    await inbox.until("the busy room", at("busy", 1000));
    await inbox.until("the quiet room", at("quiet", 7));
    assertEquals(inbox.received.toSorted((left, right) => left!.room < right!.room ? -1 : 1), [
      { room: "busy", seq: 1000 },
      { room: "quiet", seq: 7 },
    ]);
    await Promise.all([sender.close(), receiver.close()]);
    await network.stop();
  });

  Deno.test(`Bus carries rooms of 128 bytes, whatever is in them, and large positions (${name})`, async () => {
    const network = await start();
    const [sender, receiver] = await Promise.all([network.join(), network.join()]);
    const inbox = new Inbox(receiver);
    const rooms = ["é".repeat(64), "\u0001".repeat(128), `'; notify "x" \\ ${"'".repeat(100)}`, "a.*.>\t \r\nb", "\ufeff"];
    for (const room of rooms) sender.publish({ room, seq: Number.MAX_SAFE_INTEGER });
    for (const room of rooms) await inbox.until(room, at(room, Number.MAX_SAFE_INTEGER));
    await Promise.all([sender.close(), receiver.close()]);
    await network.stop();
  });

  Deno.test(`Bus.signal reaches every other bus, not its own, whatever is in it (${name})`, async () => {
    const network = await start();
    const [a, b, c] = await Promise.all([network.join(), network.join(), network.join()]);
    const heard: Signal[][] = [[], [], []];
    const arrived = Promise.withResolvers<void>();
    for (const [index, bus] of [a, b, c].entries()) {
      bus.onSignal((signal) => {
        heard[index]!.push(signal);
        if (heard[1]!.length === 3 && heard[2]!.length === 3) arrived.resolve();
      });
    }
    const largest = { room: "\u0001".repeat(128), body: '"'.repeat(MAX_SIGNAL_BYTES) };
    const signals = [{ room: "general", body: '{"typing":["ann",true]}' }, { room: "é*.>", body: "\u0001é\\'" }, largest];
    for (const signal of signals) a.signal(signal);
    await within(10_000, "the signals", arrived.promise);
    assertEquals(heard, [[], signals, signals]);
    await Promise.all([a.close(), b.close(), c.close()]);
    a.signal(signals[0]!);
    await network.stop();
  });

  Deno.test(`Bus.close sends what is pending, is idempotent, and nothing comes after it or after unsubscribing (${name})`, async () => {
    const network = await start();
    const [sender, receiver] = await Promise.all([network.join(), network.join()]);
    const [inbox, gone] = [new Inbox(receiver), new Inbox(receiver)];
    gone.unsubscribe();
    sender.publish({ room: "last", seq: 1 });
    await Promise.all([sender.close(), sender.close()]);
    sender.publish({ room: "never", seq: 1 });
    await inbox.until("what was pending", at("last", 1));
    await receiver.close();
    assertEquals([inbox.received.length, gone.received.length], [1, 0]);
    await network.stop();
  });
}

Deno.test("createPostgresBus says that a server cannot be reached", async () => {
  const url = `postgres://ann:secret@127.0.0.1:${freePort()}/chat`;
  const error = await assertRejects(() => createPostgresBus({ url, log: testLog() }), ChatError);
  assertEquals(error.code, "unavailable");
});

Deno.test("a Postgres bus survives notifications that are none of its own", () =>
  withPostgres(async (url) => {
    const [bus, other] = [await createPostgresBus({ url, log: testLog() }), await createPostgresBus({ url, log: testLog() })];
    const inbox = new Inbox(bus);
    const stranger = postgres(url, { max: 1, onnotice: () => {} });
    for (const payload of ["", "not JSON", "null", '{"room":1}', '{"room":"a","seq":1.5,"sender":"x"}']) {
      await stranger.notify("chat_wake_up", payload);
    }
    other.publish({ room: "general", seq: 1 });
    await inbox.until("the real one", at("general", 1));
    assertEquals(inbox.received.length, 1);
    await Promise.all([stranger.end(), bus.close(), other.close()]);
  }));

Deno.test("a Postgres bus listens again after a restart, says that wake-ups may be lost, and carries new ones", async () => {
  const server = await startPostgresServer({ fsync: false });
  const [sender, receiver] = await Promise.all([1, 2].map(() => createPostgresBus({ url: server.url, log: testLog() })));
  const [inbox, atSender] = [new Inbox(receiver!), new Inbox(sender!)];
  await server.stopImmediate();
  sender!.publish({ room: "lost", seq: 1 });
  await server.start();
  await Promise.all([inbox, atSender].map((each) => each.until("news of the loss", (wakeUp) => wakeUp === undefined)));
  sender!.publish({ room: "found", seq: 2 });
  await inbox.until("a new wake-up", at("found", 2));
  await Promise.all([sender!.close(), receiver!.close()]);
  await server.close();
});

Deno.test("createNatsBus starts with NATS down, says so in the log, and carries wake-ups once NATS is there", async () => {
  await using server = await startNatsServer();
  await server.kill();
  const lines: string[] = [];
  const log = createLog("warn", (line) => lines.push(line));
  const [sender, receiver] = await Promise.all([joinNats([server], { log }), joinNats([server])]);
  assertMatch(lines[0] ?? "", /NATS cannot be reached; until it can, messages of other replicas come with the poll/);
  const inbox = new Inbox(receiver);
  sender.publish({ room: "kept", seq: 1 });
  await server.start();
  await inbox.until("news that wake-ups may be lost", (wakeUp) => wakeUp === undefined);
  sender.publish({ room: "general", seq: 2 });
  await inbox.until("a wake-up", at("general", 2));
  await Promise.all([sender.close(), receiver.close()]);
});

Deno.test("a NATS bus goes over to another member when its own dies, and says that wake-ups may be lost", async () => {
  await using cluster = await startNatsCluster(2);
  const [first, second] = cluster.servers;
  await second!.kill(); // so that both buses are at the first
  const [sender, receiver] = await Promise.all([joinNats(cluster.servers), joinNats(cluster.servers)]);
  const [inbox, atSender] = [new Inbox(receiver), new Inbox(sender)];
  await second!.start();
  await first!.kill();
  await Promise.all([inbox, atSender].map((each) => each.until("news of the loss", (wakeUp) => wakeUp === undefined)));
  sender.publish({ room: "general", seq: 1 });
  await inbox.until("a wake-up by the other member", at("general", 1));
  await Promise.all([sender.close(), receiver.close()]);
});

Deno.test("a NATS bus survives messages that are no wake-ups", async () => {
  await using server = await startNatsServer();
  const [bus, other] = await Promise.all([joinNats([server]), joinNats([server])]);
  const inbox = new Inbox(bus);
  const stranger = await connect({ servers: server.address });
  for (const token of ["Z2VuZXJhbA", "!!!", "Z2VuZXJhbA=="]) {
    for (const text of ["", "1.5", "-1", "99999999999999999", "9007199254740993", "{}", "\u0000"]) {
      stranger.publish(`chat.wake_up.${token}`, text);
    }
  }
  stranger.publish("chat.wake_up._w", "1"); // not UTF-8
  await stranger.flush();
  other.publish({ room: "general", seq: 1 });
  await inbox.until("the real one", at("general", 1));
  assertEquals(inbox.received.length, 1);
  await Promise.all([stranger.close(), bus.close(), other.close()]);
});
