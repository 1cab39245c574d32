import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { withPostgres } from "../support/postgres.ts";
import { ServerProcess } from "../support/server_process.ts";

const STREAMS = 500, WRITERS = 50;

/** How a stream ended and how far it had come. */
interface Ending {
  readonly error: unknown;
  readonly lastSeq: number;
}

async function follow(client: MessageServiceClient, onOpen: () => void): Promise<Ending> {
  let lastSeq = 0;
  try {
    const stream = await client.subscribe({});
    onOpen();
    for await (const batch of stream) lastSeq = batch.at(-1)?.seq ?? lastSeq;
    return { error: undefined, lastSeq };
  } catch (error) {
    return { error, lastSeq };
  }
}

/** Writes one message after the other until one is refused; resolves to what was acknowledged and to the refusal. */
async function write(
  client: MessageServiceClient,
  writer: number,
): Promise<{ readonly acknowledged: readonly string[]; readonly refusal: unknown }> {
  const acknowledged: string[] = [];
  for (let number = 0;; number++) {
    const content = `${writer}.${number}`;
    try {
      await client.createMessage({ username: "ann", content });
    } catch (refusal) {
      return { acknowledged, refusal };
    }
    acknowledged.push(content);
  }
}

async function stored(url: string): Promise<readonly string[]> {
  await using server = new ServerProcess({ env: { DATABASE_URL: url } });
  const { grpcAddress } = await server.ready();
  await using client = new MessageServiceClient({ address: grpcAddress });
  const contents: string[] = [];
  for (let afterSeq = 0;;) {
    const page = await client.getMessages({ limit: 500, afterSeq });
    contents.push(...page.messages.map((message) => message.content));
    if (!page.hasMore) return contents;
    afterSeq = page.nextSeq;
  }
}

Deno.test(
  "main on SIGTERM answers what it accepted, tells 500 streams where to resume, and ends with 0 within 10 s",
  async () => {
    await withPostgres(async (url) => {
      await using server = new ServerProcess({ env: { DATABASE_URL: url } });
      const { grpcAddress } = await server.ready();
      const clients = Array.from({ length: 10 }, () => new MessageServiceClient({ address: grpcAddress, maxAttempts: 1 }));
      const client = (index: number) => clients[index % clients.length] as MessageServiceClient;
      const opened = Array.from({ length: STREAMS }, () => Promise.withResolvers<void>());
      const endings = opened.map(({ resolve }, index) => follow(client(index), resolve));
      await Promise.all(opened.map(({ promise }) => promise));
      const writing = Array.from({ length: WRITERS }, (_, index) => write(client(index), index));
      // Once a follower has something to tell, the writers are under way.
      await client(0).subscribe({ afterSeq: 0 }).then((stream) => stream[Symbol.asyncIterator]().next());

      const askedAtMs = performance.now();
      server.kill("SIGTERM");
      const { code } = await server.outcome();
      const tookMs = performance.now() - askedAtMs;
      assertEquals(code, 0);
      assertLess(tookMs, 10_000);

      const written = await Promise.all(writing);
      for (const { refusal } of written) assertEquals(refusal instanceof ChatError && refusal.code, "unavailable", String(refusal));
      const acknowledged = written.flatMap((writer) => writer.acknowledged);
      const contents = await stored(url);
      assertEquals([...contents].sort(), acknowledged.sort(), "what was stored was acknowledged, and the other way round");
      for (const { error, lastSeq } of await Promise.all(endings)) {
        assert(error instanceof ChatError && error.code === "unavailable" && error.resumeSeq !== undefined, String(error));
        assertLessOrEqual(lastSeq, error.resumeSeq);
        assertLessOrEqual(error.resumeSeq, contents.length);
      }
      await Promise.all(clients.map((one) => one.close()));
    });
  },
);
