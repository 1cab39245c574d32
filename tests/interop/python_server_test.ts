/** The gRPC project's interoperability cases that apply, with this system's client and a Python server that compresses what it sends. */
import { Buffer } from "node:buffer";
import { assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { Client, credentials, type ServiceError, status } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { connect, TestStream } from "../transport/grpc_support.ts";
import { PythonPeer, pythonTest } from "./python.ts";

const LARGE_REQUEST = 271_828;
const LARGE_RESPONSE = 314_159;
const STREAM_SIZES = [31_415, 9, 2_653, 58_979];
const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

/** One case. */
interface Case {
  readonly name: string;
  readonly run: (client: MessageServiceClient, peer: PythonPeer, address: string) => Promise<void>;
}

const ann = { username: "ann", content: "x" };
const large = { ...ann, content: "x".repeat(LARGE_REQUEST), messageType: `size:${LARGE_RESPONSE}` };

const unary: readonly Case[] = [
  {
    name: "empty_unary: an empty request gets an empty answer",
    run: async (client) => {
      assertEquals(await client.getMessages(), { messages: [], totalCount: 0, hasMore: false, nextSeq: 0, headSeq: 0 });
    },
  },
  {
    name: "a message of an older server, which knows fields 1 to 6 only, is whole",
    run: async (client) => {
      const message = await client.createMessage({ ...ann, metadata: { a: "b" } });
      assertEquals([message.id, message.seq, message.version, message.eventType, message.deleted], [1, 1, 1, "created", false]);
      assertEquals([message.timestamp, message.createdAtMs, message.metadata], [1_700_000_000, 1_700_000_000_000, { a: "b" }]);
    },
  },
  {
    name: "large_unary and server_compressed_unary: 271,828 bytes there and 314,159 back in gzip",
    run: async (client) => assertEquals((await client.createMessage(large)).content, "x".repeat(LARGE_RESPONSE)),
  },
  {
    name: "concurrent_large_unary: 20 large calls at once, each with its own answer",
    run: async (client) => {
      const letters = [..."abcdefghijklmnopqrst"];
      const answers = await Promise.all(letters.map((letter) => client.createMessage({ ...large, content: letter.repeat(LARGE_REQUEST) })));
      assertEquals(answers.map(({ content }) => content === content.charAt(0).repeat(LARGE_RESPONSE) && content.charAt(0)), letters);
    },
  },
  {
    name: "custom_metadata: the request id is sent, and what the trailers tell is in the error",
    run: async (client, peer) => {
      const failed = await fail(client.createMessage({ ...ann, messageType: "fail:ABORTED" }, { requestId: "deno-1" }));
      assertEquals([failed.code, failed.field, failed.retryAfterMs], ["aborted", "content", 1]);
      assertEquals((await peer.ask("metadata")).last["x-request-id"], "deno-1");
    },
  },
];

const failures: readonly Case[] = [
  {
    name: "status_code_and_message: the code and the sentence arrive",
    run: async (client) => {
      const failed = await fail(client.createMessage({ ...ann, content: "test status message", messageType: "fail:FAILED_PRECONDITION" }));
      assertEquals([failed.code, failed.message], ["failed_precondition", "test status message"]);
    },
  },
  {
    name: "special_status_message: white space and Unicode arrive as they are",
    run: async (client) => {
      const failed = await fail(client.createMessage({ ...ann, content: "special", messageType: "fail:OUT_OF_RANGE" }));
      assertEquals([failed.code, failed.message], ["out_of_range", SPECIAL]);
    },
  },
  {
    name: "unavailable twice, then an answer: the call is repeated",
    run: async (client) =>
      assertEquals((await client.createMessage({ ...ann, content: "thrice", messageType: "flaky:3" })).content, "thrice"),
  },
  {
    name: "unimplemented_method and unimplemented_service",
    run: async (client, _peer, address) => {
      assertEquals((await fail(client.listRevisions({ id: 1 }))).code, "unimplemented");
      assertEquals(await codeOf(address, "/chat.UnimplementedService/UnimplementedCall"), status.UNIMPLEMENTED);
    },
  },
  {
    name: "timeout_on_sleeping_server: the deadline ends the call on both sides",
    run: async (client, peer) => {
      const failed = await fail(client.createMessage({ ...ann, messageType: "sleep" }, { deadlineMs: 1_000 }));
      assertEquals(failed.code, "deadline_exceeded");
      assertEquals((await peer.ask("ended", { count: 1 })).count, 1);
    },
  },
  {
    name: "cancel of a unary call: the server is told",
    run: async (client, peer) => {
      const caller = new AbortController();
      const failing = fail(client.createMessage({ ...ann, messageType: "sleep" }, { signal: caller.signal }));
      assertEquals((await peer.ask("begun", { count: 2 })).count, 2);
      caller.abort();
      // Long before the call's own deadline.
      assertEquals((await within(5_000, "the end of a call that was cancelled", failing)).code, "cancelled");
      assertEquals((await peer.ask("ended", { count: 2 })).count, 2);
    },
  },
];

const streams: readonly Case[] = [
  {
    name: "server_streaming: one request and messages of every size in order",
    run: async (client) => {
      const sizes: number[] = [];
      for await (const message of client.streamMessages({ subscribeTo: `resumable:${JSON.stringify(STREAM_SIZES)}`, afterSeq: 0 })) {
        if (sizes.push(message.content.length) === STREAM_SIZES.length) break;
      }
      assertEquals(sizes, STREAM_SIZES);
    },
  },
  {
    name: "a server that tells no position is refused in words, because its stream could not be resumed",
    run: async (client) => {
      const failed = await fail(client.streamMessages({ subscribeTo: "[1]" }).next());
      assertEquals(failed.code, "unimplemented");
      assertMatch(failed.message, /does not tell where a stream begins/);
    },
  },
  {
    name: "ping_pong and empty_stream: a request and its message in turn, and a stream without either ends well",
    run: async (_client, _peer, address) => {
      using plain = connect(address);
      const stream = new TestStream(plain);
      for (const [index, size] of STREAM_SIZES.entries()) {
        assertEquals((await stream.ask({ subscribeTo: `[${size}]` }).received(index + 1)).at(-1)?.length, size);
      }
      stream.call.end();
      assertEquals((await stream.status()).code, status.OK);
      const empty = new TestStream(plain);
      empty.call.end();
      assertEquals([(await empty.status()).code, empty.messages.length], [status.OK, 0]);
    },
  },
  {
    name: "cancel_after_begin and cancel_after_first_response: the server is told",
    run: async (_client, peer, address) => {
      using plain = connect(address);
      const before = { begun: (await peer.ask("begun", { count: 0 })).count, ended: (await peer.ask("ended", { count: 0 })).count };
      const followed = new TestStream(plain).ask({ subscribeTo: "sleep:[7]" });
      assertEquals((await followed.received(1)).map((content) => content.length), [7]);
      // Python asks its handler for no more once a call is over, so the cancel must come after the handler has begun to wait for it.
      await peer.ask("begun", { count: before.begun + 1 });
      followed.call.cancel();
      assertEquals((await followed.status()).code, status.CANCELLED);
      assertGreater((await peer.ask("ended", { count: before.ended + 1 })).count, before.ended);
      // A stream that is cancelled at once may never reach the server, so its end need not be counted.
      const begun = new TestStream(plain).ask({ subscribeTo: "sleep:[]" });
      begun.call.cancel();
      assertEquals((await begun.status()).code, status.CANCELLED);
    },
  },
];

Deno.test("MessageServiceClient passes the interoperability cases with a Python server", pythonTest, async (t) => {
  await using peer = await PythonPeer.start("server");
  const address = `127.0.0.1:${(await peer.ask("port")).port}`;
  await using client = new MessageServiceClient({ address, backoffInitialMs: 10 });
  for (const { name, run } of [...unary, ...failures, ...streams]) await t.step(name, () => run(client, peer, address));
});

function fail(call: Promise<unknown>): Promise<ChatError> {
  return assertRejects(() => call, ChatError);
}

/** The status of a call of a method that no proto has. */
async function codeOf(address: string, path: string): Promise<number> {
  const client = new Client(address, credentials.createInsecure());
  const bytes = (value: Buffer) => value;
  const failed = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), { deadline: Date.now() + 10_000 }, (error) => resolve(error));
  });
  client.close();
  return failed?.code ?? status.OK;
}
