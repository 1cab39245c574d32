import { assertEquals, assertRejects } from "@std/assert";
import { AIServiceClient, ChatError } from "../../src/clients/mod.ts";
import { PythonPeer, pythonTest } from "./python.ts";

/** One step. */
interface Step {
  readonly name: string;
  readonly run: (client: AIServiceClient, peer: PythonPeer) => Promise<void>;
}

const steps: readonly Step[] = [
  {
    name: "generateResponse sends the specification's defaults, and what the caller says instead",
    run: async (client) => {
      const answer = await client.generateResponse({ prompt: "Grüße ☺" });
      assertEquals(answer, {
        ...{ response: "Grüße ☺ 0.70 500 []", model: "default", tokensUsed: 7, confidence: 0.5 },
        // What its proto does not know.
        ...{ requestId: "", finishReason: "", passages: [], citations: [], droppedCitations: 0, notices: [] },
      });
      const other = await client.generateResponse({ prompt: "a", model: "m", temperature: 0.25, maxTokens: 9, context: ["x", "y"] });
      assertEquals([other.response, other.model], ["a 0.25 9 ['x', 'y']", "m"]);
    },
  },
  {
    name: "streamResponse hands out the pieces in order and ends with the server",
    run: async (client) => {
      const pieces = [];
      for await (const piece of client.streamResponse({ prompt: "one two three" })) pieces.push(piece);
      assertEquals(pieces, [
        { kind: "text", content: "one", isComplete: false, start: 0, seq: 0, requestId: "" },
        { kind: "text", content: "two", isComplete: false, start: 3, seq: 0, requestId: "" },
        { kind: "text", content: "three", isComplete: false, start: 6, seq: 0, requestId: "" },
        { kind: "text", content: "", isComplete: true, start: 11, seq: 0, requestId: "" },
      ]);
    },
  },
  {
    name: "streamResponse throws when the answer breaks off, after what came before",
    run: async (client) => {
      const stream = client.streamResponse({ prompt: "one", model: "fail" });
      assertEquals((await stream.next()).value?.content, "one");
      const failed = await assertRejects(() => stream.next(), ChatError);
      assertEquals([failed.code, failed.message], ["resource_exhausted", "No words left"]);
    },
  },
  {
    name: "streamResponse ends on the server when its reader leaves or its caller aborts",
    run: async (client, peer) => {
      for await (const _ of client.streamResponse({ prompt: "one", model: "sleep" })) {
        await peer.ask("begun", { count: 1 }); // a peer that has only sent its word would not go on to wait for the end
        break;
      }
      assertEquals((await peer.ask("ended", { count: 1 })).count, 1);
      const caller = new AbortController();
      const stream = client.streamResponse({ prompt: "one", model: "sleep" }, { signal: caller.signal });
      await stream.next();
      await peer.ask("begun", { count: 2 });
      caller.abort();
      assertEquals((await assertRejects(() => stream.next(), ChatError)).code, "cancelled");
      assertEquals((await peer.ask("ended", { count: 2 })).count, 2);
    },
  },
  {
    name: "analyzeSentiment gives the mood with its scores",
    run: async (client) => {
      assertEquals(await client.analyzeSentiment({ text: "Lovely" }), {
        sentiment: "positive",
        confidence: 0.75,
        scores: { positive: 0.75, negative: 0.25 },
        model: "",
        notices: [],
      });
    },
  },
];

Deno.test("AIServiceClient speaks every method with a Python server made from the specification's protos", pythonTest, async (t) => {
  await using peer = await PythonPeer.start("server");
  await using client = new AIServiceClient({ address: `127.0.0.1:${(await peer.ask("port")).port}` });
  for (const { name, run } of steps) await t.step(name, () => run(client, peer));
});
