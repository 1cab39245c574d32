import type { ServiceClientOptions } from "../clients/options.ts";
import { RemoteHealth } from "../clients/remote_health.ts";
import type { Config } from "../config/config.ts";
import { roleNames, roleTitles } from "../config/roles.ts";
import type { PluginHostService, Role, Services } from "../contracts/mod.ts";
import type { Signals } from "../core/signals.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { TlsFiles } from "../wire/tls_files.ts";
import { callingOptions } from "./elsewhere.ts";
import { lateService } from "./late_service.ts";
import { roles } from "./mod.ts";
import type { Parts } from "./parts.ts";
import type { Health, RoleTools } from "./role.ts";
import { Stores } from "./stores.ts";

/** What the services of a process are started with. */
export interface ServiceSetOptions {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
  /** The files for connections to other services; absent: plain text. */
  readonly tls: TlsFiles | undefined;
  /** Where what is started is remembered, to be ended in turn. */
  readonly parts: Parts;
  /** Ends a start that still waits. */
  readonly stopping: AbortSignal;
}

/** The services that a process can call: those that it plays, and those that it knows an address of. */
export class ServiceSet {
  readonly #options: ServiceSetOptions;
  readonly #stores: Stores;
  readonly #services: { -readonly [R in Role]?: Services[R] } = {};
  readonly #health = new Map<Role, () => Health>();
  #pluginHost: PluginHostService | undefined;

  constructor(options: ServiceSetOptions) {
    this.#options = options;
    this.#stores = new Stores(options);
  }

  /** Starts what this process plays. What runs elsewhere comes first, because that takes no time: nobody is waited for. */
  async start(): Promise<void> {
    const { config } = this.#options;
    const away = roleNames.filter((role) => config.serviceAddresses[role] !== undefined);
    const calling = callingOptions(config.grpc, this.#options.tls);
    for (const role of away) await this.#reach(role, { ...calling, address: config.serviceAddresses[role] ?? [] });
    for (const role of roleNames) {
      if (this.#plays(role)) await this.#play(role);
    }
  }

  /** Every service that this process can call. */
  get all(): Partial<Services> {
    return this.#services;
  }

  /** Those that this process plays, and so offers to others. */
  get played(): Partial<Services> {
    return Object.fromEntries(Object.entries(this.#services).filter(([role]) => this.#plays(role as Role)));
  }

  /** What answers plugins that run elsewhere, where this process plays the plugin service. */
  get pluginHost(): PluginHostService | undefined {
    return this.#pluginHost;
  }

  /** The one database of the process, opened if no service has asked for it. */
  database(): Promise<Database> {
    return this.#stores.database();
  }

  /** What passes word to other processes; undefined where this one shares no bus with them. */
  async signals(): Promise<Signals | undefined> {
    return this.#plays("message") ? await this.#stores.bus() : undefined;
  }

  /** How each service is, from memory. */
  get health(): Readonly<Partial<Record<Role, () => boolean>>> {
    return Object.fromEntries([...this.#health].map(([role, health]) => [role, () => health().ok]));
  }

  /**
   * Whether this process can do its own work, and how what it leans on is. What runs elsewhere is told, but not counted: it answers for itself,
   * and a gateway that called itself unready with it would make one outage two.
   */
  readiness(): { readonly ok: boolean; readonly checks: Readonly<Record<string, Health>> } {
    const database = this.#stores.health();
    const away = [...this.#health].filter(([role]) => !this.#plays(role)).map(([role, health]) => [role, health()]);
    return { ok: database?.ok ?? true, checks: { ...(database === undefined ? {} : { database }), ...Object.fromEntries(away) } };
  }

  #plays(role: Role): boolean {
    return this.#options.config.services.has(role);
  }

  async #play<R extends Role>(role: R): Promise<void> {
    const played = await this.#options.parts.begin(roleTitles[role].label, () => roles[role].start(this.#tools()));
    this.#services[role] = played.service;
    this.#pluginHost ??= played.pluginHost;
    this.#health.set(role, () => played.health());
  }

  async #reach<R extends Role>(role: R, options: ServiceClientOptions): Promise<void> {
    const { metrics, parts } = this.#options;
    const { label, grpcName } = roleTitles[role];
    this.#services[role] = await parts.begin(`remote ${label}`, () => roles[role].reach(options));
    const followed = await parts.begin(`health of the ${label}`, () => new RemoteHealth(options, { service: grpcName, label }));
    this.#health.set(role, () => followed.health());
    metrics?.gauge(`${role}_service_reachable`, "1 while it can be reached and says that it serves", () => Number(followed.health().ok));
  }

  #tools(): RoleTools {
    const { config, log, metrics } = this.#options;
    return {
      ...{ config, log, metrics, calling: callingOptions(config.grpc, this.#options.tls) },
      database: () => this.#stores.database(),
      bus: () => this.#stores.bus(),
      peer: (role) => this.#services[role] ?? (this.#plays(role) ? lateService(role, () => this.#services[role]) : undefined),
    };
  }
}
