/**
 * What the real program does under the known abuses of HTTP/2: it lives, it serves others meanwhile, and its memory stays bounded.
 */
import { assert, assertEquals } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import { databasePlace } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { residentMib } from "../support/memory_use.ts";
import { call, callHeaders, flags, frame, frames, headerBlock, RawConnection, settings, settingsFrame } from "../support/raw_http2.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";
import * as tls from "../support/tls.ts";

/** Each abuse is ended after so long, or by the server. */
const ABUSE_MS = 700;
const PATIENCE_MS = 30_000;
/** A process that has had much to do is that much larger than one that has just started; what is kept for an abuser would come on top, without end. */
const MAX_GROWTH_MIB = 350;

const hello = new Uint8Array(messageServiceDefinition.GetMessage.requestSerialize({ id: 1 }));
const stream = (index: number) => 1 + 2 * index;

/** Sends what `next` makes, again and again, while the server takes it; gives how many times. */
async function flood(
  connection: RawConnection,
  next: (round: number) => readonly Uint8Array[],
  { unread = false } = {},
): Promise<number> {
  const reading = unread ? undefined : connection.read(() => {}).catch(() => {});
  const untilMs = Date.now() + ABUSE_MS;
  let rounds = 0;
  try {
    while (Date.now() < untilMs) await connection.send(...next(rounds++));
  } catch {
    // The server has hung up, as it may.
  }
  connection[Symbol.dispose]();
  await reading;
  return rounds;
}

type Abuse = (connection: RawConnection) => Promise<unknown>;
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));

/** The first message; somebody whom a busy server refuses comes again. */
async function served(client: MessageServiceClient): Promise<string | undefined> {
  for (;;) {
    try {
      return (await client.getMessages({ limit: 1 })).messages[0]?.content;
    } catch (error) {
      if (!(error instanceof ChatError && error.code === "resource_exhausted")) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 0));
    }
  }
}

const abuses: Readonly<Record<string, Abuse>> = {
  "rapid reset": (connection) =>
    flood(connection, (round) =>
      many(100, (index) => stream(round * 100 + index)).flatMap((id) => [
        call(id, "GetMessage", hello, { open: true }),
        frame(frames.reset, flags.none, id, Uint8Array.of(0, 0, 0, 8)),
      ])),
  "a flood of CONTINUATION": async (connection) => {
    await connection.send(frame(frames.headers, flags.none, 1, callHeaders("GetMessage")));
    await flood(
      connection,
      () => many(20, (index) => frame(frames.continuation, flags.none, 1, headerBlock({ [`x-${index}`]: "y".repeat(4_000) }))),
    );
  },
  "a flood of empty CONTINUATION": async (connection) => {
    await connection.send(frame(frames.headers, flags.none, 1, callHeaders("GetMessage")));
    await flood(connection, () => many(1_000, () => frame(frames.continuation, flags.none, 1)));
  },
  "a flood of SETTINGS": (connection) => flood(connection, () => many(500, () => settingsFrame([[settings.initialWindowSize, 65_535]]))),
  "a flood of PING whose answers nobody reads": (connection) =>
    flood(connection, () => many(500, () => frame(frames.ping, flags.none, 0, new Uint8Array(8))), { unread: true }),
  "huge headers": (connection) =>
    flood(connection, (round) => [
      frame(
        frames.headers,
        flags.endHeaders | flags.endStream,
        stream(round),
        callHeaders("GetMessage", { "x-large": "z".repeat(16_000) }),
      ),
    ]),
  "many tiny DATA frames": async (connection) => {
    await connection.send(frame(frames.headers, flags.endHeaders, 1, callHeaders("CreateMessage")));
    // A message of 4 MB is promised, and comes byte by byte; then frames of nothing at all.
    await connection.send(frame(frames.data, flags.none, 1, Uint8Array.of(0, 0, 0x40, 0, 0)));
    await flood(connection, () => many(1_000, (index) => frame(frames.data, flags.none, 1, new Uint8Array(index % 2))));
  },
  "streams that are opened and never ended": (connection) =>
    flood(
      connection,
      (round) => many(100, (index) => frame(frames.headers, flags.endHeaders, stream(round * 100 + index), callHeaders("GetMessage"))),
    ),
  "a table of headers that grows and shrinks": (connection) =>
    flood(connection, (round) => [
      settingsFrame([[settings.headerTableSize, round % 2 === 0 ? 0 : 2 ** 24]]),
      frame(frames.headers, flags.endHeaders | flags.endStream, stream(round), callHeaders("GetMessage")),
    ]),
  "bytes that are no HTTP/2": (connection) => flood(connection, () => [crypto.getRandomValues(new Uint8Array(10_000))]),
};

for (const secured of [false, true]) {
  Deno.test({
    name: `the server outlives every abuse of HTTP/2 with bounded memory, and serves others (${secured ? "TLS" : "TCP"})`,
    fn: async (t) => {
      await using dir = await tempDir();
      await using place = await databasePlace("postgres");
      const env: Record<string, string> = { SERVICES: "message", GRPC_MAX_TURN_DELAY_MS: "40", ...place.env };
      if (secured) {
        await Deno.writeTextFile(`${dir.path}/cert.pem`, tls.serverCert);
        await Deno.writeTextFile(`${dir.path}/key.pem`, tls.serverKey);
        Object.assign(env, {
          GRPC_TLS_ENABLED: "true",
          GRPC_TLS_CERT_PATH: `${dir.path}/cert.pem`,
          GRPC_TLS_KEY_PATH: `${dir.path}/key.pem`,
        });
      }
      await using server = new ServerProcess({ env });
      const { grpcAddress: address, pid } = await server.ready();
      const port = Number(address.split(":")[1]);
      const raw = secured ? { ca: tls.ca } : {};
      await using other = new MessageServiceClient({ address, ...(secured ? { tls: { ca: tls.ca } } : {}), deadlineMs: PATIENCE_MS });
      await other.createMessage({ username: "ann", content: "before" });
      const beforeMib = await residentMib(pid);
      for (const [name, abuse] of Object.entries(abuses)) {
        await t.step(name, async () => {
          const abused = Promise.all(many(3, async () => await abuse(await RawConnection.greet(port, raw)).catch(() => {})));
          assertEquals(await within(PATIENCE_MS, "an answer to somebody else", served(other)), "before");
          await within(PATIENCE_MS, "the end of the abuse", abused);
          assertEquals(await within(PATIENCE_MS, "an answer afterwards", served(other)), "before");
          const grownMib = await residentMib(pid) - beforeMib;
          assert(grownMib < MAX_GROWTH_MIB, `the server has grown by ${grownMib} MiB`);
        });
      }
      server.kill("SIGTERM");
      assertEquals((await server.outcome()).code, 0);
    },
  });
}
