import { assert, assertEquals } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import type { Message } from "../../src/contracts/mod.ts";
import { databasePlace } from "../support/database.ts";
import { startModelServer, streamed } from "../support/model_server.ts";
import { ServerProcess } from "../support/server_process.ts";

async function answersIn(client: MessageServiceClient, room: string): Promise<readonly Message[]> {
  return (await client.getMessages({ room, messageType: "assistant" })).messages;
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const giveUpAt = Date.now() + 90_000;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert(Date.now() < giveUpAt, `not seen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const statusOf = ({ metadata }: Message) => metadata["assistant_status"];

Deno.test("main that is killed with -9 in the middle of an assistant's answer marks it when it is back, and pays once (PGlite, Postgres)", async () => {
  // Together, because each waits for the time after which an answer counts as given up.
  await Promise.all([diesWhileAnswering("pglite"), diesWhileAnswering("postgres")]);
});

async function diesWhileAnswering(kind: "pglite" | "postgres"): Promise<void> {
  await using place = await databasePlace(kind);
  await using server = startModelServer(({ signal }) =>
    streamed(["Tea ", "is ", "hot."], {
      before: (index) => index === 2 ? new Promise((resolve) => signal.addEventListener("abort", () => resolve())) : undefined,
    })
  );
  const env = { ...place.env, SERVICES: "message,rag,ai", AI_BASE_URL: server.baseUrl, AI_MODEL: "tiny" };
  await using first = new ServerProcess({ env });
  await using client = new MessageServiceClient({ address: (await first.ready()).grpcAddress });
  await client.updateRoom({ room: "crash", assistant: true });
  await client.createMessage({ room: "crash", username: "ann", content: "@assistant how is tea?", clientMessageId: "q" });
  const growing = await eventually(
    "words",
    async () => (await answersIn(client, "crash")).find(({ content }) => content === "Tea is "),
  );
  first.kill("SIGKILL");
  await first.outcome();
  await using second = new ServerProcess({ env });
  await using again = new MessageServiceClient({ address: (await second.ready()).grpcAddress });
  const ended = await eventually(
    "the mark",
    async () => (await answersIn(again, "crash")).find((message) => statusOf(message) !== "running"),
  );
  assertEquals([ended.id, statusOf(ended), ended.content], [
    growing.id,
    "interrupted",
    "Tea is \n\n(The answer ends here: its server has stopped.)",
  ]);
  assertEquals([(await answersIn(again, "crash")).length, server.calls.length], [1, 1]);
}

Deno.test(
  "the assistant answers where the AI service runs apart from the message service, with a database of its own",
  async () => {
    await using here = await databasePlace("pglite");
    await using there = await databasePlace("postgres");
    await using messageServer = new ServerProcess({ env: { SERVICES: "message", ...here.env } });
    const address = (await messageServer.ready()).grpcAddress;
    await using aiServer = new ServerProcess({ env: { SERVICES: "ai", ...there.env, MESSAGE_SERVICE_ADDR: address } });
    await aiServer.ready();
    await using client = new MessageServiceClient({ address });
    await client.updateRoom({ room: "apart", assistant: true });
    await client.createMessage({ room: "apart", username: "bob", content: "The kettle was bought in 1998." });
    await client.createMessage({ room: "apart", username: "ann", content: "@assistant when was the kettle bought?" });
    const answer = await eventually(
      "an answer",
      async () => (await answersIn(client, "apart")).find((message) => statusOf(message) === "done"),
    );
    assertEquals(answer.content, "The kettle was bought in 1998. [1]");
  },
);
