import type { Log } from "../../observability/log.ts";
import type { DatabaseHealth } from "../database.ts";
import type { Session } from "../session.ts";

/** How often a healthy server is asked. */
const HEALTHY_INTERVAL_MS = 1_000;
/** How often one that does not answer is asked: its return should be seen at once. */
const UNHEALTHY_INTERVAL_MS = 200;

/** Asks the server now and then over a session of its own, so that a busy pool does not look like a dead server. Ready when made: the database has just been opened. */
export class HealthProber {
  readonly #session: Session;
  readonly #log: Log;
  readonly #where: string;
  #health: DatabaseHealth = { ok: true };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** Begins at once. The session is the prober's from here on. `where` names the database in the log and in `health`. */
  constructor(session: Session, { log, where }: { readonly log: Log; readonly where: string }) {
    this.#session = session;
    this.#log = log;
    this.#where = where;
    this.probeNow();
  }

  get health(): DatabaseHealth {
    return this.#health;
  }

  /** For whoever has just lost a connection: does not wait for the next turn. */
  probeNow(): void {
    if (this.#stopped || this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#running = this.#probe().finally(() => {
      this.#running = undefined;
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.probeNow(), this.#health.ok ? HEALTHY_INTERVAL_MS : UNHEALTHY_INTERVAL_MS);
    });
  }

  /** Waits for a probe that runs. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#session.close();
    await this.#running;
  }

  async #probe(): Promise<void> {
    try {
      await this.#session.query("select 1", []);
      if (!this.#health.ok) this.#log.info("The database answers again", { database: this.#where });
      this.#health = { ok: true };
    } catch (error) {
      if (this.#stopped) return;
      if (this.#health.ok) this.#log.error("The database does not answer", { database: this.#where, error });
      this.#health = { ok: false, problem: `No answer from ${this.#where}` };
    }
  }
}
