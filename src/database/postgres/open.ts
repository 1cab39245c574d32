import { Kysely } from "kysely";
import type { DatabaseConfig } from "../../config/config.ts";
import { ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";
import type { Database, DatabaseHealth, DatabaseLoad } from "../database.ts";
import { createDialect } from "../dialect.ts";
import { isConnectionLoss } from "../errors.ts";
import { migrate } from "../migrate.ts";
import { SessionPool } from "../pool.ts";
import type { Schema } from "../schema.ts";
import { describeAddress, parsePostgresUrl, type PostgresAddress } from "./address.ts";
import { ConnectGate } from "./gate.ts";
import { HealthProber } from "./prober.ts";
import { ReadReplica } from "./replica.ts";
import { PostgresSession } from "./session.ts";

type PostgresConfig = Extract<DatabaseConfig, { kind: "postgres" }>;

/** The oldest major version that its makers still maintain, and the oldest that these statements were written for. */
const OLDEST_MAJOR = 14;
const CONNECT_TIMEOUT_MS = 5_000;
/** A probe that takes longer than this is a no. */
const PROBE_TIMEOUT_MS = 2_000;

/** Connects once to check the server and migrate, then opens the pool. Throws `ChatError`, and then holds nothing. */
export async function openPostgres(config: PostgresConfig, log: Log): Promise<Database> {
  const address = parsePostgresUrl(config.url);
  // A mistake in it is told before anything is opened.
  if (config.readUrl !== undefined) parsePostgresUrl(config.readUrl, { setting: "DATABASE_READ_URL" });
  await prepare(address, log);
  return new PostgresDatabase(address, config, log);
}

/** On a session without a statement timeout: a migration may take its time, and may wait for that of another replica. */
async function prepare(address: PostgresAddress, log: Log): Promise<void> {
  const session = new PostgresSession({ address, gate: new ConnectGate(), statementTimeoutMs: 0, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    const { rows: [row] } = await session.query("show server_version_num", []);
    checkVersion(address, Number(row?.["server_version_num"]));
    await migrate(session, log);
  } catch (error) {
    throw openError(address, error);
  } finally {
    await session.close();
  }
}

function checkVersion(address: PostgresAddress, versionNumber: number): void {
  const major = Math.floor(versionNumber / 10_000);
  if (major >= OLDEST_MAJOR) return;
  throw new ChatError("failed_precondition", `The ${describeAddress(address)} is PostgreSQL ${major}, needed is ${OLDEST_MAJOR} or newer`);
}

/** The server's own words are told to whoever starts the program: they name users and databases, never passwords. */
function openError(address: PostgresAddress, cause: unknown): unknown {
  if (cause instanceof ChatError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = isConnectionLoss(cause) ? "unavailable" : "failed_precondition";
  return new ChatError(code, `The ${describeAddress(address)} cannot be used: ${reason}`, { cause });
}

class PostgresDatabase implements Database {
  readonly kind = "postgres";
  readonly kysely: Kysely<Schema>;
  readonly connections: number;
  readonly #pool: SessionPool;
  readonly #prober: HealthProber;
  readonly #replica: ReadReplica | undefined;
  readonly replica?: () => Kysely<Schema> | undefined;
  #closing: Promise<void> | undefined;

  constructor(address: PostgresAddress, { poolSize, statementTimeoutMs, readUrl }: PostgresConfig, log: Log) {
    const gate = new ConnectGate();
    const shared = { address, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    const onLoss = () => this.#prober.probeNow();
    const open = () => new PostgresSession({ ...shared, gate, statementTimeoutMs, onLoss });
    this.#pool = new SessionPool(Array.from({ length: poolSize }, open), statementTimeoutMs);
    this.#prober = new HealthProber(
      new PostgresSession({ address, gate: new ConnectGate(), statementTimeoutMs: PROBE_TIMEOUT_MS, connectTimeoutMs: PROBE_TIMEOUT_MS }),
      { log, where: `the ${describeAddress(address)}` },
    );
    const replica = readUrl === undefined ? undefined : new ReadReplica({ url: readUrl, poolSize, statementTimeoutMs, log });
    this.#replica = replica;
    if (replica !== undefined) this.replica = () => replica.kysely;
    this.connections = poolSize;
    this.kysely = new Kysely<Schema>({ dialect: createDialect(this.#pool) });
  }

  health(): DatabaseHealth {
    return this.#prober.health;
  }

  load(): DatabaseLoad {
    return this.#pool.load;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#pool.close();
    await Promise.all([this.#prober.stop(), this.#replica?.close()]);
  }
}
