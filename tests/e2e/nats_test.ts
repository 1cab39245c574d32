import { assertEquals, assertLess } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { within } from "../support/deadline.ts";
import { type Follower, followGrpc, followSse } from "../support/load_followers.ts";
import { startNatsCluster } from "../support/nats.ts";
import { withPostgres } from "../support/postgres.ts";
import { ServerProcess } from "../support/server_process.ts";

const ROOMS = ["general", "with a dot. and a *"] as const;
/** Messages of one burst, spread over the replicas and the rooms. */
const BURST = 60;
/** The poll, and room for a busy machine. */
const POLL_LIMIT_MS = 3_500;

/** Three replicas, a client of each, and followers of every room at every replica. */
class Replicas implements AsyncDisposable {
  readonly followers: readonly Follower[];
  readonly #processes: readonly ServerProcess[];
  readonly #clients: readonly MessageServiceClient[];
  readonly #written = new Map<string, number>(ROOMS.map((room) => [room, 0]));

  private constructor(processes: readonly ServerProcess[], faces: readonly { readonly url: string; readonly grpcAddress: string }[]) {
    this.#processes = processes;
    this.#clients = faces.map(({ grpcAddress: address }) => new MessageServiceClient({ address }));
    this.followers = ROOMS.flatMap((room) =>
      faces.flatMap(({ grpcAddress, url }) => [followGrpc(grpcAddress, { room }), followSse(url, room)])
    );
  }

  static async start(env: Readonly<Record<string, string>>): Promise<Replicas> {
    const processes = Array.from({ length: 3 }, () => new ServerProcess({ env }));
    return new Replicas(processes, await Promise.all(processes.map((process) => process.ready())));
  }

  /** Writes through all replicas at once; resolves with the milliseconds from the last acknowledgement to the last arrival anywhere. */
  async burst(what: string): Promise<number> {
    await Promise.all(Array.from({ length: BURST }, async (_, index) => {
      const room = ROOMS[index % ROOMS.length]!;
      const content = `${what} ${index}`;
      await this.#clients[index % this.#clients.length]!.createMessage({ room, username: "ann", content });
      this.#written.set(room, this.#written.get(room)! + 1);
    }));
    const acknowledgedAt = performance.now();
    const arrived = this.followers.map((follower) => follower.position.reached(this.#written.get(follower.room)!));
    const failed = this.followers.map((follower) => follower.failed);
    await within(20_000, `${what} at every follower`, Promise.race([Promise.all(arrived), ...failed]));
    return performance.now() - acknowledgedAt;
  }

  /** Waits until every replica has said this. */
  async said(text: RegExp): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.seen(text)));
  }

  /** Stops the replicas as an operator would. */
  async stop(): Promise<void> {
    for (const process of this.#processes) process.kill("SIGTERM");
    for (const process of this.#processes) assertEquals((await process.outcome()).code, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower[Symbol.asyncDispose]()));
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }
}

Deno.test({
  name:
    "three replicas on a cluster of three NATS servers tell every room in one order, while members and then all of NATS die and come back",
  fn: () =>
    withPostgres(async (url) => {
      await using nats = await startNatsCluster(3);
      const servers = nats.servers.map(({ address }) => `nats://${address}`).join(",");
      await using replicas = await Replicas.start({ DATABASE_URL: url, EVENT_BUS: "nats", NATS_URL: servers });
      await replicas.burst("to warm up");
      for (const time of ["first", "second", "third"]) {
        assertLess(await replicas.burst(`with all of NATS, ${time} time`), 1_000, "by wake-ups, sooner than a poll");
      }
      const [first, ...others] = nats.servers;
      await first!.kill();
      assertLess(await replicas.burst("just after a member's death"), POLL_LIMIT_MS);
      for (const other of others) await other.kill();
      await replicas.said(/The connection to NATS was lost/);
      for (const time of ["first", "second"]) assertLess(await replicas.burst(`without NATS, ${time} time`), POLL_LIMIT_MS);
      for (const server of nats.servers) await server.start();
      await replicas.said(/Wake-ups are carried by NATS again/);
      assertLess(await replicas.burst("just after the return"), POLL_LIMIT_MS);
      for (const follower of replicas.followers) {
        const count = follower.position.value;
        assertEquals(follower.events.map((event) => event.seq), Array.from({ length: count }, (_, index) => index + 1), follower.name);
        const model = replicas.followers.find(({ room }) => room === follower.room)!;
        assertEquals(follower.events.map(({ content }) => content), model.events.map(({ content }) => content), "one order");
      }
      await replicas.stop();
    }),
});

Deno.test({
  name: "main starts with NATS down and says so; with a credentials file that is not there it ends with one sentence",
  fn: () =>
    withPostgres(async (url) => {
      await using nats = await startNatsCluster(1);
      const [server] = nats.servers;
      const lacking = { DATABASE_URL: url, EVENT_BUS: "nats", NATS_URL: `nats://${server!.address}`, NATS_CREDS_PATH: "/nowhere/creds" };
      await using wrong = new ServerProcess({ env: lacking });
      const { code, stderr } = await wrong.outcome();
      assertEquals(code, 1);
      assertEquals(stderr.includes("The file /nowhere/creds of NATS_CREDS_PATH cannot be read"), true, stderr);
      await server!.kill();
      await using right = new ServerProcess({ env: { DATABASE_URL: url, EVENT_BUS: "nats", NATS_URL: `nats://${server!.address}` } });
      await right.ready();
      await right.seen(/NATS cannot be reached; until it can/);
      right.kill("SIGTERM");
      assertEquals((await right.outcome()).code, 0);
    }),
});
