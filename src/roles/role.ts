import type { Bus } from "../bus/bus.ts";
import type { ServiceClientOptions } from "../clients/options.ts";
import type { Config } from "../config/config.ts";
import type { PluginHostService, Role, Services } from "../contracts/mod.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";

/** Whether something can do its work, as last seen; a problem is a sentence without secrets. */
export interface Health {
  readonly ok: boolean;
  readonly problem?: string;
}

/** What a service may take of its process when it starts; it is handed on only what it uses. */
export interface RoleTools {
  readonly config: Config;
  readonly log: Log;
  /** Absent: this process has none. */
  readonly metrics?: Metrics | undefined;
  /** The one database of the process, opened when it is first asked for; it stays the process's to close. */
  database(): Promise<Database>;
  /** The same for the wake-ups between replicas. */
  bus(): Promise<Bus>;
  /** How this process calls servers of others: as itself, with its own limits and TLS files. */
  readonly calling: Omit<ServiceClientOptions, "address">;
  /**
   * Another service, here or elsewhere; undefined where this process has no way to it. Services may know each other in a circle, so one that
   * starts later is handed out already, and throws `unavailable` if it is called before it stands.
   */
  peer<R extends Role>(role: R): Services[R] | undefined;
}

/** A service that runs in this process. */
export interface PlayedRole<R extends Role> {
  readonly service: Services[R];
  /** What answers plugins that run elsewhere; of the plugin service only. */
  readonly pluginHost?: PluginHostService;
  /** From memory, so that health may ask. */
  health(): Health;
  /** Answers what was accepted, then refuses; idempotent. */
  close(): Promise<void>;
}

/** A service that runs in another process. */
export type ReachedRole<R extends Role> = Services[R] & {
  /** Ends what still runs and closes the connections; idempotent. */
  close(): Promise<void>;
};

/** All that the composition root knows of a service: how it starts here, and how it is reached elsewhere. */
export interface RoleDefinition<R extends Role> {
  /** Starts it in this process. Rejects with a `ChatError` that says what is in the way. */
  start(tools: RoleTools): Promise<PlayedRole<R>>;
  /** Stands for it where it runs elsewhere; opens no connection yet. */
  reach(options: ServiceClientOptions): ReachedRole<R>;
}
