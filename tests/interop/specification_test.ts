/** A client that knows the specification only, in Python, with the whole real system: fields 1 to 6 mean what they meant. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config/read.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { PythonPeer, pythonTest } from "./python.ts";

/** One step with the peer, on what the steps before it have stored. */
interface Step {
  readonly name: string;
  readonly run: (peer: PythonPeer) => Promise<void>;
}

const call = (peer: PythonPeer, method: string, request: Record<string, unknown> = {}) => peer.ask("call", { method, request });
const contents = async (peer: PythonPeer, request: Record<string, unknown> = {}) => {
  const { answer } = await call(peer, "GetMessages", request);
  return [answer.messages.map((message: { content: string }) => message.content), answer.total_count];
};

const steps: readonly Step[] = [
  {
    name: "CreateMessage stores every field and answers with its id and time",
    run: async (peer) => {
      const request = { content: "Grüße 🚀", username: "ann", message_type: "note", metadata: { thread: "7", "": "empty key" } };
      const { answer } = await call(peer, "CreateMessage", request);
      assertEquals(answer, { ...request, id: 1, timestamp: answer.timestamp });
      assert(Math.abs(answer.timestamp - Date.now() / 1000) < 60, `${answer.timestamp} is the time in seconds`);
      assertEquals((await call(peer, "GetMessages")).answer, { messages: [answer], total_count: 1 });
    },
  },
  {
    name: "CreateMessage takes a repeat for another message, and no type for text",
    run: async (peer) => {
      const ids = [];
      for (const username of ["bob", "bob", "ann"]) {
        const { answer } = await call(peer, "CreateMessage", { content: `from ${username}`, username });
        ids.push([answer.id, answer.message_type]);
      }
      assertEquals(ids, [[2, "text"], [3, "text"], [4, "text"]]);
    },
  },
  {
    name: "CreateMessage refuses what is empty as INVALID_ARGUMENT",
    run: async (peer) => {
      const { code, details, trailers } = await call(peer, "CreateMessage", { username: "ann" });
      assertEquals([code, trailers["chat-error-field"]], ["INVALID_ARGUMENT", "content"]);
      assertMatch(details, /`content`/);
    },
  },
  {
    name: "GetMessages is oldest first, with limit, offset, username and a count that is not the page's",
    run: async (peer) => {
      assertEquals(await contents(peer), [["Grüße 🚀", "from bob", "from bob", "from ann"], 4]);
      assertEquals(await contents(peer, { limit: 1, offset: 1 }), [["from bob"], 4]);
      assertEquals(await contents(peer, { username: "ann" }), [["Grüße 🚀", "from ann"], 2]);
      assertEquals(await contents(peer, { username: "nobody" }), [[], 0]);
    },
  },
  {
    name: "GetMessages takes since_timestamp in seconds, from that second on",
    run: async (peer) => {
      const { answer } = await call(peer, "GetMessages");
      const [oldest, newest] = [answer.messages.at(0).timestamp, answer.messages.at(-1).timestamp];
      assertEquals((await contents(peer, { since_timestamp: oldest }))[1], 4);
      assertEquals(await contents(peer, { since_timestamp: newest + 1 }), [[], 0]);
    },
  },
  {
    name: "StreamMessages sends what is written from then on, of all or of one user, in order",
    run: async (peer) => {
      const say = ["ann", "bob", "ann"].map((username, index) => ({ username, content: `${index}` }));
      const seen = async (subscribe_to: string) => {
        const { messages, code } = await peer.ask("follow", { subscribe_to, say });
        assertEquals(code, "CANCELLED");
        return messages.map((message: { username: string; content: string }) => `${message.username} ${message.content}`);
      };
      assertEquals(await seen("all"), ["ann 0", "bob 1", "ann 2"]);
      assertEquals(await seen(""), ["ann 0", "bob 1", "ann 2"]);
      assertEquals(await seen("bob"), ["bob 1"]);
    },
  },
  {
    name: "DeleteMessage takes a message out of the history once; a missing one is success=false, not an error",
    run: async (peer) => {
      const deleted = (await call(peer, "DeleteMessage", { id: 2 })).answer;
      assertEquals([deleted.success, typeof deleted.message], [true, "string"]);
      assertEquals(await contents(peer, { username: "bob", limit: 1 }), [["from bob"], 4]);
      for (const id of [2, 9_999]) {
        const missing = (await call(peer, "DeleteMessage", { id })).answer;
        assertEquals([missing.success, missing.message.length > 0], [false, true]);
      }
    },
  },
];

Deno.test(
  "a client made from the specification's protos, in Python, calls every RPC of MessageService",
  pythonTest,
  async (t) => {
    await using place = await databasePlace("postgres");
    const env = {
      GRPC_ENABLED: "true",
      GRPC_SERVER_PORT: "0",
      HTTP_PORT: "0",
      METRICS_PORT: "off",
      GRPC_MAX_TURN_DELAY_MS: "0",
      ...place.env,
    };
    const app = createApp(readConfig(env), { log: testLog() });
    const { grpcPort } = await app.start();
    try {
      await using peer = await PythonPeer.start("client", `127.0.0.1:${grpcPort}`);
      for (const { name, run } of steps) await t.step(name, () => run(peer));
    } finally {
      await app.stop();
    }
  },
);
