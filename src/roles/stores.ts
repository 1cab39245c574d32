import type { Bus } from "../bus/bus.ts";
import { createMemoryBus } from "../bus/memory.ts";
import { createNatsBus } from "../bus/nats.ts";
import { createPostgresBus } from "../bus/postgres.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../database/database.ts";
import { openDatabase } from "../database/open.ts";
import type { Log } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import { addDatabaseMetrics } from "../observability/room_metrics.ts";
import type { Parts } from "./parts.ts";
import type { Health } from "./role.ts";

/** What opening the stores takes. */
export interface StoresOptions {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
  readonly parts: Parts;
  /** Ends an opening that still waits. */
  readonly stopping: AbortSignal;
}

/** The database and the bus that the services of a process share, each opened when the first of them asks. */
export class Stores {
  readonly #options: StoresOptions;
  #database: Promise<Database> | undefined;
  #bus: Promise<Bus> | undefined;
  #opened: Database | undefined;

  constructor(options: StoresOptions) {
    this.#options = options;
  }

  /** The database. Rejects with a `ChatError` that says why it cannot be opened. */
  database(): Promise<Database> {
    return this.#database ??= this.#openDatabase();
  }

  /** The wake-ups between replicas. */
  bus(): Promise<Bus> {
    return this.#bus ??= this.#options.parts.begin("bus", () => openBus(this.#options.config, this.#options.log));
  }

  /** How the database is; undefined while nobody has asked for it. */
  health(): Health | undefined {
    return this.#opened?.health();
  }

  async #openDatabase(): Promise<Database> {
    const { config, log, metrics, parts, stopping } = this.#options;
    const database = await parts.begin("database", () => openDatabase(config.database, { log, signal: stopping }));
    if (metrics !== undefined) addDatabaseMetrics(metrics, database);
    return this.#opened = database;
  }
}

async function openBus({ database, eventBus, nats }: Config, log: Log): Promise<Bus> {
  if (nats !== undefined) return await createNatsBus({ ...nats, log });
  if (eventBus === "memory" || database.kind !== "postgres") return createMemoryBus();
  return await createPostgresBus({ url: database.url, log });
}
