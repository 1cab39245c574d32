/**
 * What a system of many rooms, replicas and subscribers comes to: the constants are measured here, the rest is `scaling_model.ts`.
 *
 * @module
 */
import { createMemoryBus } from "../../src/bus/memory.ts";
import { createNatsBus } from "../../src/bus/nats.ts";
import { createPostgresBus } from "../../src/bus/postgres.ts";
import type { Bus } from "../../src/bus/bus.ts";
import { readConfig } from "../../src/config/read.ts";
import { ANYBODY } from "../../src/core/caller.ts";
import type { Database } from "../../src/database/database.ts";
import { openDatabase } from "../../src/database/open.ts";
import { createMessageService } from "../../src/message/service.ts";
import { readEvents } from "../../src/message/store_reads.ts";
import { createLog } from "../../src/observability/log.ts";
import { type BenchContext, load, type Place, type Row, startServer } from "./context.ts";
import { findProgram } from "./machine.ts";
import { type Capacities, forecast, type Load } from "./scaling_model.ts";

/** Bytes of the load generator's message on the wire, with its frame. */
const MESSAGE_BYTES = 150;
const ROOMS = 64;
const log = createLog("warn", (line) => console.error(line));

/** From one machine's worth up; each step changes one thing, so that what grows with it is seen. */
const LOADS: readonly Load[] = [
  { rooms: 100, replicas: 1, subscribersPerRoom: 10, messagesPerRoomSecond: 1 },
  { rooms: 1_000, replicas: 1, subscribersPerRoom: 10, messagesPerRoomSecond: 1 },
  { rooms: 1_000, replicas: 3, subscribersPerRoom: 10, messagesPerRoomSecond: 1 },
  { rooms: 1_000, replicas: 10, subscribersPerRoom: 10, messagesPerRoomSecond: 1 },
  { rooms: 1_000, replicas: 10, subscribersPerRoom: 100, messagesPerRoomSecond: 1 },
  { rooms: 1, replicas: 10, subscribersPerRoom: 100_000, messagesPerRoomSecond: 5 },
  { rooms: 10_000, replicas: 30, subscribersPerRoom: 100, messagesPerRoomSecond: 1 },
];

/** Measures the constants, then tells what each load makes of them. */
export const scalingRow: Row = {
  name: "scaling",
  async measure(context) {
    const place = await context.place("scaling", "Postgres");
    if (place === undefined) return;
    const can = await measureCapacities(context, place);
    for (const one of LOADS) report(context, one, can);
  },
};

async function measureCapacities(context: BenchContext, place: Place): Promise<Capacities> {
  const deliveriesPerSecond = await measureDeliveries(context, place);
  const database = await openDatabase(readConfig(place.env).database, { log });
  try {
    const can = {
      commitsPerSecond: await measureCommits(database, context.seconds),
      readsPerSecond: await measureReads(database, context.seconds),
      wakeUpsPerSecond: await measureWakeUps(context, place),
      deliveriesPerSecond,
      messageBytes: MESSAGE_BYTES,
    };
    const about = { row: "scaling", unit: "1/s" };
    context.report({ ...about, name: `measured: messages committed, ${ROOMS} rooms`, value: can.commitsPerSecond });
    context.report({ ...about, name: "measured: reads of a room's newest event", value: can.readsPerSecond });
    context.report({ ...about, name: "measured: wake-ups from one replica to another", value: can.wakeUpsPerSecond });
    context.report({ ...about, name: "measured: deliveries by one replica", value: can.deliveriesPerSecond });
    return can;
  } finally {
    await database.close();
  }
}

async function measureDeliveries({ seconds }: BenchContext, place: Place): Promise<number> {
  const { child, grpcPort } = await startServer(place);
  await using _server = child;
  const found = await load({
    mode: "stream",
    port: grpcPort,
    seconds,
    connections: 10,
    subscribers: 1_000,
    senders: 128,
    untilDelivered: true,
  });
  return found["perSecond"] ?? NaN;
}

async function measureCommits(database: Database, seconds: number): Promise<number> {
  const service = createMessageService({ database, bus: createMemoryBus(), log });
  const context = { signal: new AbortController().signal, requestId: "bench", caller: ANYBODY };
  try {
    return await repeatedly(256, seconds, async (index) => {
      await service.createMessage({
        room: `scaling-${index % ROOMS}`,
        username: "ann",
        content: "A message of ordinary length, more or less",
      }, context);
    });
  } finally {
    await service.close();
  }
}

function measureReads({ kysely }: Database, seconds: number): Promise<number> {
  return repeatedly(32, seconds, async (index) => {
    await readEvents(kysely, `scaling-${index % ROOMS}`, 1, { events: 1, bytes: 65_536 });
  });
}

/** Calls in a second, so many at once. */
async function repeatedly(atOnce: number, seconds: number, call: (index: number) => Promise<void>): Promise<number> {
  const [beganMs, endMs] = [performance.now(), performance.now() + seconds * 1000];
  let calls = 0;
  await Promise.all(Array.from({ length: atOnce }, async (_, worker) => {
    for (let index = worker; performance.now() < endMs; index += atOnce) {
      await call(index);
      calls++;
    }
  }));
  return calls / (performance.now() - beganMs) * 1000;
}

/** Over NATS where its server is installed, else over Postgres. Sender and receiver share this process, so a replica alone can do more. */
async function measureWakeUps(context: BenchContext, place: Place): Promise<number> {
  const url = place.env["DATABASE_URL"] ?? "";
  if (findProgram("nats-server") === undefined) {
    context.leaveOut({ row: "scaling", why: "no nats-server: wake-ups are measured over Postgres" });
    return await countWakeUps(context.seconds, () => createPostgresBus({ url, log }));
  }
  const { startNatsServer } = await import("../../tests/support/nats.ts");
  await using server = await startNatsServer();
  return await countWakeUps(context.seconds, () => createNatsBus({ servers: [server.address], subjectPrefix: "bench", log }));
}

async function countWakeUps(seconds: number, join: () => Promise<Bus>): Promise<number> {
  const [sender, receiver] = await Promise.all([join(), join()]);
  const [beganMs, endMs] = [performance.now(), performance.now() + seconds * 1000];
  let received = 0;
  receiver.subscribe(() => void received++);
  for (let seq = 1; performance.now() < endMs; seq++) {
    for (let room = 0; room < 2_000; room++) sender.publish({ room: `scaling-${room}`, seq });
    await new Promise((resolve) => setTimeout(resolve, 10)); // as long as wake-ups of one room are coalesced
  }
  const perSecond = received / (performance.now() - beganMs) * 1000;
  await Promise.all([sender.close(), receiver.close()]);
  return perSecond;
}

function report(context: BenchContext, one: Load, can: Capacities): void {
  const told = forecast(one, can);
  const count = (value: number) => Math.round(value).toLocaleString("en-US");
  const note = [
    `${count(told.commits)} commits/s`,
    `${count(told.wakeUpsSent)} wake-ups/s sent, ${count(told.wakeUpsPerReplica)} taken in by each replica`,
    `${count(told.reads)} reads/s of ${count(told.bytesRead / 1000)} kB/s`,
    `${count(told.deliveriesPerReplica)} deliveries/s each, ${count(told.bytesDelivered / 1000)} kB/s in all`,
    `busiest: ${told.limit}`,
  ].join("; ");
  const { rooms, replicas, subscribersPerRoom, messagesPerRoomSecond } = one;
  const name = `worked out: ${count(rooms)} rooms × ${replicas} replicas × ${
    count(subscribersPerRoom)
  } subscribers a room, ${messagesPerRoomSecond} message/s a room`;
  context.report({ row: "scaling", name, value: Math.max(...Object.values(told.busy)) * 100, unit: "% of the busiest part", note });
}
