/**
 * The server under load, killed again and again: writers with keys, followers that resume, and then the accounts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { within } from "./deadline.ts";
import { type Follower, followGrpc, followSse } from "./load_followers.ts";
import { assertFollowedAll, assertFollowedUser, assertHistory, readRoom, readRoomRest } from "./load_history.ts";
import { WriterCrew } from "./load_writers.ts";
import { freePort } from "./ports.ts";
import { seeded } from "./seeded.ts";
import { type ServerEnv, ServerProcess } from "./server_process.ts";

/** What to run. */
export interface CrashRoundsOptions {
  /** The server's database: `DATA_DIR` or `DATABASE_URL`. */
  readonly env: ServerEnv;
  readonly rounds: number;
  readonly seed: number;
  /** Messages acknowledged in a round before its kill, at most; default 300. */
  readonly messagesPerRound?: number;
  readonly report?: (line: string) => void;
}

/** What happened. */
export interface CrashReport {
  readonly messages: number;
  readonly unanswered: number;
  readonly resumptions: number;
  /** From the start of the process to its readiness, after each kill. */
  readonly restartMs: readonly number[];
}

/** Longer than any round takes on a busy machine. */
const ROUND_MS = 60_000;
/** Where the load writes; one of them is the default room. */
export const crashRooms = ["general", "crash-two"] as const;

/** Runs the rounds and checks the accounts; throws at the first thing that does not hold. */
export async function crashRounds(options: CrashRoundsOptions): Promise<CrashReport> {
  const [httpPort, grpcPort] = [freePort(), freePort()];
  const env = { ...options.env, HTTP_PORT: `${httpPort}`, GRPC_SERVER_PORT: `${grpcPort}` };
  const [address, url] = [`127.0.0.1:${grpcPort}`, `http://127.0.0.1:${httpPort}`];
  const random = seeded(options.seed);
  let server = new ServerProcess({ env });
  try {
    await server.ready();
    await using crew = new WriterCrew({ address, rooms: crashRooms, writers: 8, seed: options.seed });
    await using followers = new Followers(address, url);
    const trouble = Promise.race([crew.failed(), followers.failed]);
    trouble.catch(() => {});
    const restartMs: number[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      const goal = crew.acknowledged.value + 20 + random.below(options.messagesPerRound ?? 300);
      await within(ROUND_MS, `${goal} messages`, Promise.race([trouble, crew.acknowledged.reached(goal)]));
      server.kill("SIGKILL");
      assertEquals((await server.outcome()).signal, "SIGKILL", "the server lived until it was killed");
      const startedAt = performance.now();
      server = new ServerProcess({ env });
      await server.ready();
      restartMs.push(Math.round(performance.now() - startedAt));
      options.report?.(
        `round ${round}: ${crew.acknowledged.value} messages, ${crew.unanswered} unanswered, back in ${restartMs.at(-1)} ms`,
      );
    }
    await within(ROUND_MS, "the writers' last messages", Promise.race([trouble, crew.stop()]));
    await checkAccounts(crew, followers, { address, url, trouble });
    assert(crew.unanswered > 0, "no call was under way at any kill, so the rounds prove nothing");
    server.kill("SIGTERM");
    assertEquals((await server.outcome()).code, 0);
    return { messages: crew.written.size, unanswered: crew.unanswered, resumptions: followers.resumptions, restartMs };
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** Followers of every kind, in every room. */
export class Followers implements AsyncDisposable {
  readonly all: readonly Follower[];
  readonly ofUser: Follower;

  constructor(address: string, url: string) {
    this.all = crashRooms.flatMap((room) => [followGrpc(address, { room }), followGrpc(address, { room }), followSse(url, room)]);
    this.ofUser = followGrpc(address, { room: crashRooms[0], subscribeTo: "writer-1", includeChanges: false });
  }

  get failed(): Promise<never> {
    return Promise.race([...this.all, this.ofUser].map((follower) => follower.failed));
  }

  get resumptions(): number {
    return this.all.reduce((sum, follower) => sum + follower.resumptions, this.ofUser.resumptions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.all, this.ofUser].map((follower) => follower[Symbol.asyncDispose]()));
  }
}

/** Where to read the accounts. */
export interface Faces {
  readonly address: string;
  readonly url: string;
  /** Rejects when a writer or follower has failed. */
  readonly trouble: Promise<never>;
}

/** Holds the rooms, read through both faces, and what the followers saw, against what the writers were told. The crew must have stopped. */
export async function checkAccounts(crew: WriterCrew, followers: Followers, { address, url, trouble }: Faces): Promise<void> {
  const everything = [...crew.written.values()];
  for (const room of crashRooms) {
    const history = await readRoom(address, room);
    assertHistory(history, everything.filter((one) => one.room === room));
    const rows = history.messages.map((message) => [message.id, message.clientMessageId, message.content] as const);
    assertEquals(await readRoomRest(url, room), rows, `REST reads ${room} otherwise than gRPC`);
    for (const follower of followers.all.filter((each) => each.room === room)) {
      const late = () => `${follower.name} at ${history.headSeq}, it is at ${follower.position.value}`;
      await within(15_000, late, Promise.race([trouble, follower.position.reached(history.headSeq)]));
      assertFollowedAll(follower, history.headSeq, crew.written);
    }
  }
  const theirs = everything.filter((one) => one.room === crashRooms[0] && one.username === "writer-1" && one.deleted !== true);
  await within(15_000, followers.ofUser.name, followers.ofUser.position.reached(Math.max(...theirs.map((one) => one.id), 0)));
  assertFollowedUser(followers.ofUser, "writer-1", everything);
}
