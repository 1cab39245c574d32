/** As `grpc.health.v1.HealthCheckResponse.ServingStatus` numbers them. */
export const ServingStatus = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

/** One of {@link ServingStatus}. */
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

/** Whether each service can do its work, by its full name such as `chat.MessageService`; answers from memory and never throws. */
export type ServiceChecks = Readonly<Record<string, () => boolean>>;

/** How long a change may stay unseen by those who watch; they ask no more often than this on their own account. */
const LOOK_MS = 250;

/** The health of every service of one server. Read from memory, so that a database that hangs holds no answer up. */
export class HealthBoard {
  readonly #checks: ServiceChecks;
  /** The names that count for the whole. */
  readonly #own: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  readonly #lookMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #stopping = false;

  /** `own` names the services that this server serves itself: the whole (`""`) is theirs. Other checks tell of services that run elsewhere. */
  constructor(checks: ServiceChecks, { own, lookMs = LOOK_MS }: { readonly own: readonly string[]; readonly lookMs?: number }) {
    this.#checks = checks;
    this.#own = new Set(own);
    this.#lookMs = lookMs;
  }

  /** Every name that has a health, the whole (`""`) first. */
  get names(): readonly string[] {
    return ["", ...new Set([...this.#own, ...Object.keys(this.#checks)])];
  }

  /** How a service is; SERVICE_UNKNOWN for a name that nobody has. */
  status(name: string): ServingStatus {
    if (!this.names.includes(name)) return ServingStatus.SERVICE_UNKNOWN;
    if (this.#stopping) return ServingStatus.NOT_SERVING;
    const asked = name === "" ? [...this.#own] : [name];
    return asked.every((service) => this.#checks[service]?.() ?? true) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  /** From now on nothing serves; tells those who watch before it returns. */
  stop(): void {
    this.#stopping = true;
    for (const watcher of this.#watchers) watcher();
  }

  /** Calls `listener` now and at every change of this service, until the returned function is called. */
  watch(name: string, listener: (status: ServingStatus) => void): () => void {
    let last: ServingStatus | undefined;
    const look = () => {
      const status = this.status(name);
      if (status === last) return;
      last = status;
      listener(status);
    };
    this.#watchers.add(look);
    // The checks have no events, so somebody has to look; one timer for all, and none while nobody watches.
    this.#timer ??= setInterval(() => this.#look(), this.#lookMs);
    look();
    return () => {
      this.#watchers.delete(look);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #look(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
