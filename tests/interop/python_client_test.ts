/** The gRPC project's interoperability cases that apply, with a Python client and this system's server. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startServer, until } from "../transport/grpc_support.ts";
import { InteropMessageService } from "./interop_service.ts";
import { PythonPeer, pythonTest } from "./python.ts";

/** The sizes that the interoperability cases prescribe, in bytes. */
const LARGE_REQUEST = 271_828;
const LARGE_RESPONSE = 314_159;
const STREAM_SIZES = [31_415, 9, 2_653, 58_979];
const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

/** One case: what the peer is asked, and what must come of it on both sides. */
interface Case {
  readonly name: string;
  readonly run: (peer: PythonPeer, service: InteropMessageService) => Promise<void>;
}

const create = (request: Record<string, unknown>, options: Record<string, unknown> = {}) => ({
  method: "CreateMessage",
  request: { username: "ann", content: "x", ...request },
  ...options,
});
const large = { content: "x".repeat(LARGE_REQUEST), message_type: `size:${LARGE_RESPONSE}` };

const unary: readonly Case[] = [
  {
    name: "empty_unary: an empty request gets an empty answer",
    run: async (peer) => assertEquals(await peer.ask("call", { method: "GetMessages" }), { answer: { messages: [], total_count: 0 } }),
  },
  {
    name: "large_unary: 271,828 bytes there and 314,159 back",
    run: async (peer, service) => {
      assertEquals((await peer.ask("call", create(large))).answer.content, "x".repeat(LARGE_RESPONSE));
      assertEquals((await service.getMessages({}, service.contexts.at(-1)!)).messages.at(-1)?.content.length, LARGE_REQUEST);
    },
  },
  {
    name: "client_compressed_unary: a request that Python has compressed with gzip",
    run: async (peer) => assertEquals((await peer.ask("call", create(large, { gzip: true }))).answer.content.length, LARGE_RESPONSE),
  },
  {
    name: "concurrent_large_unary: 20 large calls at once, each with its own answer",
    run: async (peer) => {
      const sizes = { request_size: LARGE_REQUEST, response_size: LARGE_RESPONSE };
      assertEquals(await peer.ask("concurrent_large_unary", { count: 20, ...sizes }), { right: 20 });
    },
  },
  {
    name: "custom_metadata: the request id comes back, text and binary of others disturb nobody",
    run: async (peer, service) => {
      const metadata = { "x-request-id": "python-1", "x-grpc-test-echo-initial": "test_initial_metadata_value" };
      const binary = { "x-grpc-test-echo-trailing-bin": [0xab, 0xab, 0xab] };
      assertEquals((await peer.ask("call", create({}, { metadata, binary }))).answer.content, "x");
      assertEquals(service.contexts.at(-1)?.requestId, "python-1");
      const failed = await peer.ask("call", create({ message_type: "fail:aborted" }, { metadata, binary }));
      assertEquals([failed.trailers["chat-request-id"], failed.trailers["chat-error-field"]], ["python-1", "content"]);
    },
  },
];

const failures: readonly Case[] = [
  {
    name: "status_code_and_message: the code and the sentence arrive",
    run: async (peer) => {
      const failed = await peer.ask("call", create({ content: "test status message", message_type: "fail:failed_precondition" }));
      assertEquals([failed.code, failed.details], ["FAILED_PRECONDITION", "test status message"]);
    },
  },
  {
    name: "special_status_message: white space and Unicode arrive as they are",
    run: async (peer) => {
      const failed = await peer.ask("call", create({ content: SPECIAL, message_type: "fail:out_of_range" }));
      assertEquals([failed.code, failed.details], ["OUT_OF_RANGE", SPECIAL]);
    },
  },
  {
    name: "unimplemented_method and unimplemented_service",
    run: async (peer) => {
      assertEquals((await peer.ask("call_path", { path: "/chat.MessageService/UnimplementedCall" })).code, "UNIMPLEMENTED");
      assertEquals((await peer.ask("call_path", { path: "/chat.UnimplementedService/UnimplementedCall" })).code, "UNIMPLEMENTED");
    },
  },
  {
    name: "timeout_on_sleeping_server: the client's deadline ends the call on both sides",
    run: async (peer, service) => {
      const failed = await peer.ask("call", create({ message_type: "sleep" }, { timeout: 1 }));
      assertEquals(failed.code, "DEADLINE_EXCEEDED");
      await until("the service to be told", () => service.woken.length === 1);
      // On a busy machine the client's giving up may be heard before the server's own clock says the same.
      assertMatch(service.woken[0]?.code ?? "", /^(deadline_exceeded|cancelled)$/);
    },
  },
];

const streams: readonly Case[] = [
  {
    name: "server_streaming: one request, its side closed, and messages of every size in order",
    run: async (peer) =>
      assertEquals(await peer.ask("server_streaming", { sizes: STREAM_SIZES }), { sizes: STREAM_SIZES, code: "CANCELLED" }),
  },
  {
    name: "ping_pong: a request and its message in turn over one stream",
    run: async (peer) => assertEquals(await peer.ask("ping_pong", { sizes: STREAM_SIZES }), { sizes: STREAM_SIZES, code: "CANCELLED" }),
  },
  {
    name: "client_compressed_streaming: the same with requests that Python has compressed with gzip",
    run: async (peer) => {
      assertEquals(await peer.ask("ping_pong", { sizes: STREAM_SIZES, gzip: true }), { sizes: STREAM_SIZES, code: "CANCELLED" });
    },
  },
  {
    name: "empty_stream: a stream whose client says nothing is told so",
    run: async (peer) => {
      const { code, details } = await peer.ask("empty_stream");
      assertEquals([code, details], ["INVALID_ARGUMENT", "The stream ended before its first request"]);
    },
  },
  {
    name: "cancel_after_begin: nothing is followed on",
    run: async (peer, service) => {
      assertEquals((await peer.ask("cancel_after_begin")).code, "CANCELLED");
      await until("the subscription to end", () => service.following === 0);
    },
  },
  {
    name: "cancel_after_first_response: the subscription ends with its client",
    run: async (peer, service) => {
      assertEquals(await peer.ask("cancel_after_first_response"), { content: "first", code: "CANCELLED" });
      await until("the subscription to end", () => service.following === 0);
      assert(service.subscriptions.length > 0);
    },
  },
];

Deno.test("startGrpcServer passes the interoperability cases with a Python client", pythonTest, async (t) => {
  const service = new InteropMessageService();
  await using server = await startServer({ service });
  await using peer = await PythonPeer.start("client", server.address);
  for (const { name, run } of [...unary, ...failures, ...streams]) await t.step(name, () => run(peer, service));
});
