import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import http2 from "node:http2";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import { type ServiceError, status } from "../../src/wire/grpc_js.ts";
import { ChatError } from "../../src/core/errors.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { within } from "../support/deadline.ts";
import { connect, failure, PATIENCE_MS, startServer } from "./grpc_support.ts";

/** What a server said to bytes that no gRPC library would send. */
interface RawAnswer {
  readonly status: number;
  readonly message: string;
  readonly field: string | undefined;
}

interface RawRequest {
  readonly path?: string;
  readonly body: Uint8Array;
  readonly headers?: Record<string, string>;
}

async function send(port: number, request: RawRequest): Promise<RawAnswer> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const answer = new Promise<RawAnswer>((resolve) => {
    const path = request.path ?? "/chat.MessageService/CreateMessage";
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...request.headers,
    });
    const read = (headers: Record<string, unknown>) => {
      if (headers["grpc-status"] === undefined) return;
      const sent = String(headers["grpc-message"] ?? "");
      // Of an unknown method grpc-js repeats the path as it came.
      const message = sent.includes("not implement") ? sent : decodeURIComponent(sent);
      resolve({ status: Number(headers["grpc-status"]), message, field: headers["chat-error-field"] as string | undefined });
    };
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("error", () => {});
    stream.resume();
    stream.end(Buffer.from(request.body));
  });
  try {
    return await within(PATIENCE_MS, "an answer to raw bytes", answer);
  } finally {
    await new Promise<void>((resolve) => session.close(resolve));
  }
}

function framed(message: Uint8Array, compressed = 0): Uint8Array {
  const frame = new Uint8Array(5 + message.length);
  frame[0] = compressed;
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const hello = new Uint8Array(messageServiceDefinition.CreateMessage.requestSerialize({ content: "hello", username: "ann" }));

const malformed: readonly (readonly [string, RawRequest, string, string?])[] = [
  [
    "a text that ends early",
    { body: framed(hex("0a 0a 68 65")) },
    "The request is no protobuf message of its type: it ends within field `content`",
  ],
  [
    "a number in place of a text",
    { body: framed(hex("08 05")) },
    "Field `content` must be length-delimited, got varint on the wire",
    "content",
  ],
  ["text that is no UTF-8", { body: framed(hex("0a 02 c3 28")) }, "Field `content` must be UTF-8, got other bytes", "content"],
  ["a map key that is no UTF-8", { body: framed(hex("22 04 0a 02 c3 28")) }, "Field `metadata` must be UTF-8, got other bytes", "metadata"],
  ["a group", { body: framed(hex("fb 07 fc 07")) }, "The request is no protobuf message of its type: it has wire format 3"],
  [
    "a number without end",
    { body: framed(hex("ff ff ff ff ff ff ff ff ff ff ff 01")) },
    "The request is no protobuf message of its type: it has a number of more than 10 bytes",
  ],
  ["a field number 0", { body: framed(hex("02 00")) }, "The request is no protobuf message of its type: it has a field number 0"],
  ["bytes that do not decompress", { body: framed(hello, 1), headers: { "grpc-encoding": "gzip" } }, "Failed to decompress message"],
  ["a timeout that is none", { body: framed(hello), headers: { "grpc-timeout": "soon" } }, 'Invalid grpc-timeout value "soon"'],
];
for (const [what, request, message, field] of malformed) {
  Deno.test(`startGrpcServer answers ${what} with INVALID_ARGUMENT, and goes on`, async () => {
    await using test = await startServer();
    assertEquals(await send(test.server.port, request), { status: status.INVALID_ARGUMENT, message, field });
    assertEquals(test.service.contexts.length, 0);
    assertEquals((await send(test.server.port, { body: framed(hello) })).status, status.OK);
  });
}

Deno.test("startGrpcServer ends a stream with INVALID_ARGUMENT when one of its requests cannot be read", async () => {
  await using test = await startServer();
  const body = new Uint8Array([...framed(hex("18 00")), ...framed(hex("0a 05 61"))]);
  const answer = await send(test.server.port, { path: "/chat.MessageService/StreamMessages", body });
  assertEquals(answer.status, status.INVALID_ARGUMENT);
});

Deno.test("startGrpcServer reads compressed requests", async () => {
  await using test = await startServer();
  const answer = await send(test.server.port, { body: framed(gzipSync(hello), 1), headers: { "grpc-encoding": "gzip" } });
  assertEquals(answer.status, status.OK);
  assertEquals(test.service.contexts.length, 1);
});

Deno.test("startGrpcServer does not inflate a small request into a large one", async () => {
  await using test = await startServer({ maxMessageBytes: 100_000 });
  const bomb = gzipSync(new Uint8Array(50_000_000));
  assert(bomb.length < 100_000);
  const answer = await send(test.server.port, { body: framed(bomb, 1), headers: { "grpc-encoding": "gzip" } });
  assertEquals(answer.status, status.RESOURCE_EXHAUSTED);
});

Deno.test("startGrpcServer answers UNIMPLEMENTED for unknown methods and unknown compressions", async () => {
  await using test = await startServer();
  for (const path of ["/chat.MessageService/Nothing", "/", "/chat.MessageService/", "/%00/%ff", "/a/b/c"]) {
    assertEquals((await send(test.server.port, { path, body: framed(hello) })).status, status.UNIMPLEMENTED, path);
  }
  const encoded = await send(test.server.port, { body: framed(hello, 1), headers: { "grpc-encoding": "snappy" } });
  assertEquals(encoded.status, status.UNIMPLEMENTED);
});

Deno.test("startGrpcServer passes over fields that it does not know", async () => {
  await using test = await startServer();
  const body = framed(new Uint8Array([...hello, ...hex("98 06 07  a2 06 02 c3 28  a5 06 01 02 03 04  a9 06 01 02 03 04 05 06 07 08")]));
  assertEquals((await send(test.server.port, { body })).status, status.OK);
});

Deno.test("startGrpcServer sends sentences with any characters in them, and cuts those that are too long for headers", async () => {
  const service = new MemoryMessageService();
  const words = ["\ud800", "日本語 ñ % \n", "é".repeat(50_000)];
  const errors = words.map((word) => new ChatError("not_found", `Nothing called ${word}`, { field: word }));
  service.createMessage = () => Promise.reject(errors.shift());
  await using test = await startServer({ service });
  using client = connect(test.address);
  const failed: ServiceError[] = [];
  for (const _word of words) failed.push(await failure((done) => client.CreateMessage({ content: "x" }, done)));
  assertEquals(failed.map((error) => error.code), [status.NOT_FOUND, status.NOT_FOUND, status.NOT_FOUND]);
  assertEquals(failed[0]?.details, "Nothing called \ufffd");
  assertEquals(failed[1]?.details, "Nothing called 日本語 ñ % \n");
  assertEquals(failed[2]?.details, `Nothing called ${"é".repeat(985)}…`);
});
