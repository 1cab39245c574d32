import { ChatError } from "../core/errors.ts";
import { healthDefinition } from "../wire/definitions.ts";
import { ChannelPool } from "./channel.ts";
import { asIs, method } from "./methods.ts";
import { resolveOptions, type ServiceClientOptions } from "./options.ts";
import { backoffMs, pause } from "./retry.ts";
import { readStream } from "./server_stream.ts";

/** How a service that runs elsewhere is; a problem is a sentence for strangers, which does not say where it runs. */
export interface ServiceHealth {
  readonly ok: boolean;
  readonly problem?: string;
}

/** Which service, as gRPC and as people call it. */
export interface RemoteHealthTarget {
  /** Such as `chat.MessageService`. */
  readonly service: string;
  /** Such as `message service`. */
  readonly label: string;
}

/** What is known of one address. */
type State = "unknown" | "serving" | "not_serving" | "not_there" | "away";

const STATES: Readonly<Record<number, State>> = { 1: "serving", 2: "not_serving", 3: "not_there" };
/** A service that comes back is noticed within about this time; one connection attempt a second costs nobody anything. */
const BACKOFF = { backoffInitialMs: 100, backoffMaxMs: 1_000 } as const;
const watch = method(healthDefinition.Watch, asIs);

/**
 * Follows the health of a service that runs elsewhere by `grpc.health.v1.Health/Watch`, one stream for each of its addresses: so it is known without a
 * call of anybody's, and true to what that service itself leans on. A server without that protocol counts as well while it answers.
 */
export class RemoteHealth implements AsyncDisposable {
  readonly #target: RemoteHealthTarget;
  readonly #closing = new AbortController();
  readonly #states: State[];
  readonly #watching: Promise<unknown>;

  /** Connects at once, and again whenever the connection is lost. */
  constructor(options: ServiceClientOptions, target: RemoteHealthTarget) {
    const { addresses } = resolveOptions(options);
    this.#target = target;
    this.#states = addresses.map(() => "unknown");
    this.#watching = Promise.all(addresses.map((address, index) => this.#follow({ ...options, ...BACKOFF, address }, index)));
  }

  /** From memory: well if one of its addresses is, and not while nobody has answered yet. */
  health(): ServiceHealth {
    if (this.#states.includes("serving")) return { ok: true };
    const { label } = this.#target;
    const state = (["not_serving", "not_there", "away", "unknown"] as const).find((one) => this.#states.includes(one)) ?? "unknown";
    const problems = {
      not_serving: `The ${label} says that it cannot do its work`,
      not_there: `There is no ${label} where it should be`,
      away: `The ${label} cannot be reached`,
      unknown: `The ${label} has not answered yet`,
    };
    return { ok: false, problem: problems[state] };
  }

  /** Ends the streams and closes the connections; idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("cancelled", "Nobody follows this health any more"));
    await this.#watching;
  }

  /** Closes at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Never rejects. */
  async #follow(options: ServiceClientOptions, index: number): Promise<void> {
    const pool = new ChannelPool(resolveOptions(options));
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        for await (const { status } of readStream(pool, watch, { service: this.#target.service }, { signal })) {
          this.#states[index] = STATES[Number(status)] ?? "not_serving";
          failures = 0;
        }
        this.#states[index] = "away";
      } catch (error) {
        this.#states[index] = error instanceof ChatError && error.code === "unimplemented" ? "serving" : "away";
      }
      await pause(backoffMs(Math.max(1, failures), BACKOFF), [signal]).catch(() => {});
    }
    await pool.close();
  }
}
