import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MessageService, MessageStream } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { encodeBatch } from "../../src/gateway/sse_frames.ts";
import { callContext } from "../support/call_context.ts";
import { EventReader, type ServerSentEvent, type TestGateway, withGateway, within } from "./rest_server.ts";

const streamUrl = (server: TestGateway, query: string) => `${server.origin}/v1/messages/stream?${query}`;
const seqs = (events: readonly ServerSentEvent[]) => events.map((event) => event.data.seq);
const ready = (seq: number): ServerSentEvent => ({ event: "ready", id: String(seq), data: { seq } });

async function change(server: TestGateway, method: string, path: string, body?: unknown): Promise<void> {
  const init = body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  await (await fetch(`${server.origin}/v1/messages/${path}`, { method, ...init })).body?.cancel();
}

/** Numbers from `first` to `last`. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

Deno.test("GET /v1/messages/stream follows a room as server-sent events", async (t) => {
  await withGateway(async (server) => {
    await t.step("tells its position first, then each message as one event with its seq as id", async () => {
      await server.say("live", "before");
      const reader = await EventReader.open(streamUrl(server, "room=live"));
      const headers = ["content-type", "cache-control", "x-accel-buffering", "content-encoding"].map((name) =>
        reader.response.headers.get(name)
      );
      assertEquals(headers, ["text/event-stream", "no-store, no-transform", "no", null]);
      assertEquals(await reader.next(), ready(1));
      await server.say("live", "line one\nline two\r\n\ndata: not a field\u2028");
      const event = await reader.next();
      assertEquals([event?.event, event?.id, event?.data.content], ["created", "2", "line one\nline two\r\n\ndata: not a field\u2028"]);
      assertEquals(event?.data, await (await fetch(`${server.origin}/v1/messages/2?room=live`)).json());
      reader.close();
    });

    await t.step("replays from after_seq, 0 being the beginning, then goes on live", async () => {
      for (const content of ["a", "b", "c"]) await server.say("replay", content);
      const reader = await EventReader.open(streamUrl(server, "room=replay&after_seq=0"));
      assertEquals(await reader.next(), ready(0));
      const old = await reader.take(3);
      await server.say("replay", "d");
      assertEquals(seqs([...old, ...await reader.take(1)]), [1, 2, 3, 4]);
      reader.close();
    });

    await t.step("edits and deletions come only when asked for", async () => {
      const creations = await EventReader.open(streamUrl(server, "room=changes&include_changes=false"));
      const changes = await EventReader.open(streamUrl(server, "room=changes&include_changes=true"));
      await server.say("changes", "one");
      await change(server, "PATCH", "1?room=changes", { content: "edited" });
      await change(server, "DELETE", "1?room=changes");
      await server.say("changes", "two");
      assertEquals((await changes.take(5)).slice(1).map(({ event, id }) => [event, id]), [
        ["created", "1"],
        ["edited", "2"],
        ["deleted", "3"],
        ["created", "4"],
      ]);
      assertEquals((await creations.take(3)).slice(1).map(({ event, id }) => [event, id]), [["created", "1"], ["created", "4"]]);
      creations.close();
      changes.close();
    });

    await t.step("username and subscribe_to both pick one author; all is everybody", async () => {
      const readers = await Promise.all(
        ["username=bob", "subscribe_to=bob", "subscribe_to=all"].map((query) =>
          EventReader.open(streamUrl(server, `room=authors&${query}`))
        ),
      );
      for (const username of ["ann", "bob", "ann", "bob"]) await server.say("authors", "x", username);
      assertEquals(seqs(await readers[0]!.take(3)), [0, 2, 4]);
      assertEquals(seqs(await readers[1]!.take(3)), [0, 2, 4]);
      assertEquals(seqs(await readers[2]!.take(5)), [0, 1, 2, 3, 4]);
      for (const reader of readers) reader.close();
    });

    await t.step("a position that does not exist is a problem, not a stream", async () => {
      const response = await fetch(streamUrl(server, "room=live&after_seq=99"));
      const problem = await response.json();
      assertEquals([response.status, problem.code, problem.field], [400, "out_of_range", "after_seq"]);
    });
  });
});

Deno.test("Last-Event-ID resumes a stream that broke at any place without gap or repeat", async () => {
  await withGateway(async (server) => {
    const total = 60;
    const sender = (async () => {
      for (let i = 1; i <= total; i++) await server.say("broken", `message ${i}`, i % 3 === 0 ? "bob" : "ann");
    })();
    const seen: number[] = [];
    let lastId: string | undefined;
    for (let round = 0; seen.length < total; round++) {
      // A browser asks for the URL it was given: Last-Event-ID must win over its after_seq.
      const reader = await EventReader.open(
        streamUrl(server, "room=broken&after_seq=0"),
        lastId === undefined ? {} : { "last-event-id": lastId },
      );
      const first = await reader.next();
      assertEquals(first, ready(Number(lastId ?? 0)));
      lastId = first?.id;
      // Sometimes it breaks before the first message.
      for (const event of await reader.take(Math.min(round % 4, total - seen.length))) {
        seen.push(event.data.seq);
        lastId = event.id;
      }
      reader.close();
    }
    await sender;
    assertEquals(seen, range(1, total));
  });
});

Deno.test("A quiet stream beats, and each beat carries the position looked through", async () => {
  await withGateway(async (server) => {
    const reader = await EventReader.open(streamUrl(server, "room=quiet&username=bob"));
    await reader.next();
    for (let i = 1; i <= 3; i++) await server.say("quiet", "not bob's");
    const waiting = reader.next();
    await within(5000, until(() => reader.raw.includes(": heartbeat\nid: 3\n\n")));
    const seq = await server.say("quiet", "his", "bob");
    assertEquals((await waiting)?.data.seq, seq);
    reader.close();
  }, { heartbeatMs: 50 });
});

Deno.test("A reader that stops reading is ended with the position to resume from, and loses nothing", async () => {
  const feedLimits = { events: 16, bytes: 1024 * 1024 };
  await withGateway(async (server) => {
    const reader = await EventReader.open(streamUrl(server, "room=slow"));
    assertEquals(await reader.next(), ready(0));
    // More than the sockets' buffers, the client's and the server's, can take.
    const total = 400;
    const content = "x".repeat(65_000);
    for (let sent = 0; sent < total; sent += 20) await Promise.all(range(1, 20).map(() => server.say("slow", content)));
    const events = await reader.rest();
    const end = events.pop();
    assertEquals([end?.event, end?.data.code, end?.data.status], ["error", "resource_exhausted", 429]);
    const received = seqs(events);
    assert(received.length < total, "it was ended before it had everything");
    assertEquals(received, range(1, received.length));
    assertEquals([end?.id, end?.data.resume_seq], [String(received.length), received.length]);
    const resumed = await EventReader.open(streamUrl(server, "room=slow"), { "last-event-id": end!.id });
    assertEquals(await resumed.next(), ready(received.length));
    assertEquals(seqs(await resumed.take(total - received.length)), range(received.length + 1, total));
    resumed.close();
  }, { message: { feedLimits } });
});

Deno.test("A client that goes away ends its watch", async (t) => {
  const opened: { signal: AbortSignal; returned: Promise<void> }[] = [];
  const override = (service: MessageService): Partial<MessageService> => ({
    streamMessages: async (request, context) => {
      const returned = Promise.withResolvers<void>();
      opened.push({ signal: context.signal, returned: returned.promise });
      return observed(await service.streamMessages(request, context), returned.resolve);
    },
  });
  await withGateway(async (server) => {
    const gone = async () => {
      const { signal, returned } = opened.at(-1)!;
      await within(5000, returned);
      assert(signal.aborted && signal.reason instanceof ChatError);
      assertEquals(signal.reason.code, "cancelled");
    };
    await t.step("while nothing is said", async () => {
      const reader = await EventReader.open(streamUrl(server, "room=gone"));
      await reader.next();
      reader.close();
      await gone();
    });
    await t.step("in the middle of many messages", async () => {
      for (let i = 0; i < 50; i++) await server.say("gone", "x".repeat(10_000));
      const reader = await EventReader.open(streamUrl(server, "room=gone&after_seq=0"));
      await reader.take(3);
      reader.close();
      await gone();
    });
    await t.step("many at once", async () => {
      const before = opened.length;
      const readers = await Promise.all(range(1, 50).map(() => EventReader.open(streamUrl(server, "room=gone"))));
      await Promise.all(readers.map((reader) => reader.next()));
      for (const reader of readers) reader.close();
      await within(5000, Promise.all(opened.slice(before).map(({ returned }) => returned)));
    });
    await t.step("and none of it is an error in the log", () => {
      assertEquals(server.logLines.filter((line) => /"level":"(warn|error)"/.test(line)), []);
    });
  }, { override });
});

Deno.test("What fails in an open stream is told as its last event", async (t) => {
  let failure: unknown;
  const failing = (): AsyncIterator<never> => ({ next: () => Promise.reject(failure) });
  const override = (): Partial<MessageService> => ({
    streamMessages: () =>
      Promise.resolve({ startSeq: 4, position: 9, failed: new AbortController().signal, [Symbol.asyncIterator]: failing }),
  });
  await withGateway(async (server) => {
    const lastEvent = async () => (await (await EventReader.open(streamUrl(server, ""))).rest()).at(-1);
    await t.step("with the position of the error, where it has one", async () => {
      failure = new ChatError("unavailable", "The database does not answer", { resumeSeq: 7, retryAfterMs: 100 });
      const { event, id, data } = (await lastEvent())!;
      assertEquals([event, id, data.status, data.resume_seq, data.retry_after_ms], ["error", "7", 503, 7, 100]);
      assertStringIncludes(data.detail, "The database does not answer");
    });
    await t.step("and nothing of what nobody meant to throw", async () => {
      failure = new TypeError("secret");
      const { event, id, data } = (await lastEvent())!;
      assertEquals([event, id, data.status, data.code], ["error", "9", 500, "internal"]);
      assert(!JSON.stringify(data).includes("secret"));
      assert(server.logLines.some((line) => line.includes("secret") && line.includes(data.request_id)));
    });
  }, { override });
});

Deno.test("encodeBatch encodes each message once, however many read it and whatever else stands in their batches", async () => {
  await withGateway(async (server) => {
    for (let i = 0; i < 3; i++) await server.say("once", `message ${i}`);
    const { messages } = await server.service.getMessages({ room: "once" }, callContext());
    const [first, second] = messages;
    assert(encodeBatch(messages) === encodeBatch(messages), "the same array gives the same bytes");
    assert(encodeBatch([first!]) === encodeBatch([first!]), "the same message gives the same bytes");
    assertEquals(encodeBatch([first!, second!]).length, encodeBatch([first!]).length + encodeBatch([second!]).length);
  });
});

/** A stream that tells when its iterator has ended, in whatever way. */
function observed(stream: MessageStream, ended: () => void): MessageStream {
  return {
    startSeq: stream.startSeq,
    failed: stream.failed,
    get position() {
      return stream.position;
    },
    [Symbol.asyncIterator]: async function* () {
      try {
        yield* stream;
      } finally {
        ended();
      }
    },
  };
}

/** Looks at every turn of the event loop; bounded by the caller. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
