/**
 * Clients that do not read, or do not speak: what the server keeps for them is bounded, over TCP and over TLS.
 */
import { assert, assertEquals } from "@std/assert";
import type { GetMessagesResponse, Message } from "../../src/contracts/mod.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import { within } from "../support/deadline.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { call, frames, RawConnection, settings } from "../support/raw_http2.ts";
import { tempDir } from "../support/temp_dir.ts";
import * as tls from "../support/tls.ts";
import { connect, create, PATIENCE_MS, startServer, type TestServer, until } from "./grpc_support.ts";

const CLOSED_WINDOW = [[settings.initialWindowSize, 0]] as const;
const MEGABYTE = 1024 * 1024;

/** Runs a test over plain TCP and over TLS. */
function eachLine(
  name: string,
  options: Parameters<typeof startServer>[0],
  run: (test: TestServer, raw: { readonly ca?: string }) => Promise<void>,
): void {
  Deno.test(`${name} (TCP)`, async () => {
    await using test = await startServer(options);
    await run(test, {});
  });
  Deno.test(`${name} (TLS)`, async () => {
    await using dir = await tempDir();
    const paths = { certPath: `${dir.path}/cert.pem`, keyPath: `${dir.path}/key.pem` };
    await Deno.writeTextFile(paths.certPath, tls.serverCert);
    await Deno.writeTextFile(paths.keyPath, tls.serverKey);
    await using test = await startServer({ ...options, tls: paths });
    await run(test, { ca: tls.ca });
  });
}

/** A service whose every page is a megabyte. */
function largePages(): MemoryMessageService {
  const service = new MemoryMessageService();
  const message: Message = service.append({ content: "x".repeat(MEGABYTE - 1_000), username: "ann" });
  const page: GetMessagesResponse = { messages: [message], totalCount: 1, hasMore: false, nextSeq: 0, headSeq: 1 };
  service.getMessages = (_request, context) => {
    service.contexts.push(context);
    return Promise.resolve(page);
  };
  return service;
}

const largest = { service: largePages() };
eachLine(
  "300 large answers to a closed window are made as far as there is room for them, and others are served",
  largest,
  async (test, raw) => {
    const before = largest.service.contexts.length;
    using client = await RawConnection.greet(test.server.port, { ...raw, settings: CLOSED_WINDOW });
    const reading = client.read(() => {});
    const request = new Uint8Array(messageServiceDefinition.GetMessages.requestSerialize({}));
    for (let index = 0; index < 300; index++) await client.send(call(1 + 2 * index, "GetMessages", request));
    await until("the others wait", () => test.server.load.waiting === 292);
    assertEquals(largest.service.contexts.length - before, 8);
    assert(test.server.load.answerBytes <= 8 * MEGABYTE, `${test.server.load.answerBytes} bytes are held`);
    if (raw.ca === undefined) {
      using other = connect(test.address);
      await create(other, { content: "hello", username: "bob" });
    }
    client[Symbol.dispose]();
    await reading;
    await until("nothing is held", () => test.server.load.answerBytes === 0 && test.server.load.waiting === 0);
  },
);

const reading = { service: largePages() };
eachLine("large answers that are read are all given, one after the other", reading, async (test, raw) => {
  using client = await RawConnection.greet(test.server.port, { ...raw, settings: [[settings.initialWindowSize, 2 ** 31 - 1]] });
  const request = new Uint8Array(messageServiceDefinition.GetMessages.requestSerialize({}));
  await client.send(windowUpdate(), ...Array.from({ length: 30 }, (_, index) => call(1 + 2 * index, "GetMessages", request)));
  let bytes = 0;
  const ended = new Set<number>();
  await within(
    PATIENCE_MS,
    () => `30 answers, got ${ended.size}`,
    client.read((type, payload, stream) => {
      if (type === frames.data) bytes += payload.length;
      if (type === frames.headers && bytes > 0 && payload.length < 100) ended.add(stream);
      return bytes < 30 * (MEGABYTE - 1_000);
    }),
  );
  client[Symbol.dispose]();
  await until("nothing is held", () => test.server.load.answerBytes === 0);
});

const silent = { keepaliveTimeMs: 200, keepaliveTimeoutMs: 200 };
eachLine("connections that say nothing after their greeting are gone", silent, async (test, raw) => {
  const clients = await Promise.all(Array.from({ length: 50 }, () => RawConnection.greet(test.server.port, raw)));
  await within(PATIENCE_MS, "the end of silent connections", Promise.all(clients.map((client) => client.closed())));
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("connections that never finish their TLS handshake are gone", async () => {
  await using dir = await tempDir();
  const paths = { certPath: `${dir.path}/cert.pem`, keyPath: `${dir.path}/key.pem` };
  await Deno.writeTextFile(paths.certPath, tls.serverCert);
  await Deno.writeTextFile(paths.keyPath, tls.serverKey);
  await using test = await startServer({ tls: paths });
  const clients = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(test.server.port)));
  await within(40_000, "the end of unfinished handshakes", Promise.all(clients.map((client) => client.closed())));
  for (const client of clients) client[Symbol.dispose]();
});

/** Opens the connection's window, which settings do not. */
function windowUpdate(): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, 2 ** 31 - 1 - 65_535);
  return new Uint8Array([0, 0, 4, frames.windowUpdate, 0, 0, 0, 0, 0, ...payload]);
}
