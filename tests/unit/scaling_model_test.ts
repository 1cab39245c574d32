import { assertEquals } from "@std/assert";
import { forecast } from "../../scripts/bench/scaling_model.ts";

const can = { commitsPerSecond: 1_000, readsPerSecond: 1_000, wakeUpsPerSecond: 1_000, deliveriesPerSecond: 1_000, messageBytes: 100 };

Deno.test("forecast of one replica knows no wake-ups and no reads", () => {
  const told = forecast({ rooms: 10, replicas: 1, subscribersPerRoom: 5, messagesPerRoomSecond: 2 }, can);
  assertEquals([told.commits, told.wakeUpsPerReplica, told.reads, told.deliveriesPerReplica], [20, 0, 0, 100]);
  assertEquals([told.bytesDelivered, told.limit], [10_000, "delivery"]);
});

Deno.test("forecast of many replicas: every one takes in the others' wake-ups and reads the rooms that it follows", () => {
  const told = forecast({ rooms: 10, replicas: 4, subscribersPerRoom: 1_000, messagesPerRoomSecond: 4 }, can);
  assertEquals([told.wakeUpsSent, told.wakeUpsPerReplica], [40, 30]);
  assertEquals(Math.round(told.reads), 10 * 4 * 3);
  assertEquals(Math.round(told.bytesRead), 40 * 3 * 100);
  assertEquals(told.deliveriesPerReplica, 10_000);
});

Deno.test("forecast holds a room's wake-ups to what coalescing lets through", () => {
  const told = forecast({ rooms: 1, replicas: 2, subscribersPerRoom: 2, messagesPerRoomSecond: 10_000 }, can);
  assertEquals([told.wakeUpsSent, told.wakeUpsPerReplica], [200, 100]);
});
