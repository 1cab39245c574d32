import { assertEquals } from "@std/assert";
import { createMemoryBus, MemoryNetwork } from "../../src/bus/memory.ts";
import type { Signals } from "../../src/core/signals.ts";
import { SocketClient } from "../support/socket_client.ts";
import { type TestGateway, type TestGatewayOptions, withGateway } from "./rest_server.ts";

const ofType = (type: string) => (message: { readonly type: string }) => message.type === type;

/** Two gateways whose signals reach each other, as two replicas are. */
async function withReplicas(
  work: (replicas: readonly [TestGateway, TestGateway]) => Promise<void>,
  { signals, ...options }: Omit<TestGatewayOptions, "signals"> & { readonly signals?: (own: Signals) => Signals } = {},
): Promise<void> {
  const network = new MemoryNetwork();
  const [one, two] = [createMemoryBus(network), createMemoryBus(network)];
  await withGateway(
    (first) => withGateway((second) => work([first, second]), { ...options, signals: two }),
    { ...options, signals: signals?.(one) ?? one },
  );
  await Promise.all([one.close(), two.close()]);
}

Deno.test("typing and presence reach who follows the room on any replica, and nobody else", async (t) => {
  await withReplicas(async ([here, there]) => {
    const [ann, bob] = await Promise.all([SocketClient.open(here.origin), SocketClient.open(there.origin)]);
    const stranger = await SocketClient.open(there.origin);
    await Promise.all([ann.subscribe("kitchen"), bob.subscribe("kitchen"), stranger.subscribe("garden")]);

    await t.step("typing, once however often it is said, and its end", async () => {
      for (let i = 0; i < 5; i++) await ann.ask({ type: "typing", room: "kitchen", username: "ann" });
      await ann.ask({ type: "typing", room: "kitchen", username: "ann", typing: false });
      assertEquals(
        [await bob.next(), await bob.next()],
        [true, false].map((typing) => ({ type: "typing", room: "kitchen", username: "ann", typing })),
      );
      assertEquals([ann.left, bob.left], [[], []]);
    });

    await t.step("who is there, how, and who leaves", async () => {
      const { result } = await ann.ask({ type: "presence", room: "kitchen", username: "ann", status: "online" });
      assertEquals(result, { room: "kitchen", people: [{ username: "ann", status: "online" }], count: 1 });
      await bob.next(ofType("presence"));
      assertEquals((await bob.ask({ type: "presence", room: "kitchen", username: "bob", status: "away" })).result.count, 2);
      assertEquals((await ann.next(({ username }) => username === "bob")).status, "away");
      await ann.close();
      assertEquals(await bob.next(({ username }) => username === "ann"), {
        type: "presence",
        room: "kitchen",
        username: "ann",
        status: "offline",
      });
    });

    await t.step("who comes later is told who is there already, also elsewhere", async () => {
      const late = await SocketClient.open(here.origin);
      await late.subscribe("kitchen");
      assertEquals(await late.next(ofType("presence")), { type: "presence", room: "kitchen", username: "bob", status: "away" });
      await late.close();
    });

    await stranger.ask({ type: "ping" });
    assertEquals(stranger.left, []);
    await Promise.all([bob.close(), stranger.close()]);
  });
});

Deno.test("the people of a replica that dies count as gone when it has said nothing for three turns", async () => {
  let isDead = false;
  const mortal = (own: Signals): Signals => ({
    signal: (word) => isDead || own.signal(word),
    onSignal: (listener) => own.onSignal(listener),
  });
  await withReplicas(async ([here, there]) => {
    const [ann, bob] = await Promise.all([SocketClient.open(here.origin), SocketClient.open(there.origin)]);
    await Promise.all([ann.subscribe("kitchen"), bob.subscribe("kitchen")]);
    await ann.ask({ type: "presence", room: "kitchen", username: "ann", status: "online" });
    assertEquals((await bob.next(ofType("presence"))).status, "online");
    isDead = true;
    assertEquals((await bob.next(ofType("presence"))).status, "offline");
    await Promise.all([ann.close(), bob.close()]);
  }, { signals: mortal, live: { repeatMs: 50 } });
});
