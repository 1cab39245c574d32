import { Kysely } from "kysely";
import type { Log } from "../../observability/log.ts";
import { createDialect } from "../dialect.ts";
import { SessionPool } from "../pool.ts";
import type { Schema } from "../schema.ts";
import { describeAddress, parsePostgresUrl } from "./address.ts";
import { ConnectGate } from "./gate.ts";
import { HealthProber } from "./prober.ts";
import { PostgresSession } from "./session.ts";

/** How to reach a read replica. */
export interface ReadReplicaOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly log: Log;
}

const CONNECT_TIMEOUT_MS = 2_000;
/** A probe that takes longer than this is a no. */
const PROBE_TIMEOUT_MS = 2_000;

/** A copy of the database that may be behind, for reading. It need not be there at the start, and may go and come. */
export class ReadReplica {
  readonly #kysely: Kysely<Schema>;
  readonly #pool: SessionPool;
  readonly #prober: HealthProber;

  /** Connects with the first statement. Throws `invalid_argument` for a URL that cannot be read. */
  constructor({ url, poolSize, statementTimeoutMs, log }: ReadReplicaOptions) {
    // Of several hosts any will do, unless the URL says otherwise.
    const address = parsePostgresUrl(url, { setting: "DATABASE_READ_URL", target: "any" });
    const gate = new ConnectGate();
    const onLoss = () => this.#prober.probeNow();
    const open = () => new PostgresSession({ address, gate, statementTimeoutMs, connectTimeoutMs: CONNECT_TIMEOUT_MS, onLoss });
    this.#pool = new SessionPool(Array.from({ length: poolSize }, open), statementTimeoutMs);
    this.#prober = new HealthProber(
      new PostgresSession({ address, gate: new ConnectGate(), statementTimeoutMs: PROBE_TIMEOUT_MS, connectTimeoutMs: PROBE_TIMEOUT_MS }),
      { log, where: `the read replica, ${describeAddress(address)}` },
    );
    this.#kysely = new Kysely<Schema>({ dialect: createDialect(this.#pool) });
  }

  /** Undefined while it does not answer, as last seen. */
  get kysely(): Kysely<Schema> | undefined {
    return this.#prober.health.ok ? this.#kysely : undefined;
  }

  /** Waits for running statements. */
  async close(): Promise<void> {
    await this.#pool.close();
    await this.#prober.stop();
  }
}
