import type { PluginLimits } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import { PROCESS_LIMITS } from "./limits.ts";

/** Something that ended a plugin's process and is the plugin's own doing. */
export interface Fault {
  /** `resource_exhausted`: it has used up a limit. `unavailable`: anything else. */
  readonly code: "unavailable" | "resource_exhausted";
  /** A sentence without a final stop, in which nothing is the plugin's word. */
  readonly problem: string;
}

/** What callers get who were in the way. */
export function faultError(fault: Fault): ChatError {
  // The next process may do better with another request; with the same one again it hits the same limit.
  return new ChatError(fault.code, fault.problem, fault.code === "unavailable" ? { retryAfterMs: 1_000 } : {});
}

/** The faults of one plugin, in words that name its limits. */
export class Faults {
  readonly #name: string;
  readonly #limits: PluginLimits;

  constructor(name: string, limits: PluginLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  memory(): Fault {
    return this.#exhausted(`used more than its ${this.#memory}`);
  }

  cpu(): Fault {
    return this.#exhausted(`used more than its ${this.#limits.cpuMs} ms of a processor`);
  }

  hang(): Fault {
    return this.#exhausted(`went on after its ${this.#limits.callMs} ms for one call`);
  }

  output(): Fault {
    return this.#exhausted(`gave more than its ${this.#limits.outputBytes} bytes of output in one call`);
  }

  flood(): Fault {
    return this.#exhausted("flooded the server with requests and log lines in one call");
  }

  folder(): Fault {
    const { folderBytes, folderFiles } = PROCESS_LIMITS;
    const most = `${Math.round(folderBytes / 1024 / 1024)} MiB or ${folderFiles} files`;
    return this.#exhausted(`has more than ${most} in its folder, or what cannot be looked into,`);
  }

  /** It wrote what only the runtime's own program may write, or in an order that cannot be. */
  forged(what: string): Fault {
    return this.#failed(`broke the protocol: ${what}`);
  }

  slowStart(): Fault {
    return this.#failed("did not finish loading in time");
  }

  /** Its module cannot be loaded; the plugin's own words come last. */
  broken(words: string): Fault {
    return this.#failed(`cannot be loaded: ${words}`);
  }

  /** Its process ended; `complaint` is what it left on stderr, and only looked at. */
  exit({ code, signal }: Deno.CommandStatus, complaint: string): Fault {
    if (/out of memory|allocation failed|memory allocation|reached heap limit/i.test(complaint)) return this.memory();
    if (signal === "SIGXCPU") return this.cpu();
    // So ends what finds no memory even to say that there is none.
    if (signal === "SIGABRT") {
      return { ...this.#failed(`crashed with SIGABRT, as for want of its ${this.#memory}`), code: "resource_exhausted" };
    }
    return this.#failed(signal === null ? `ended itself with exit code ${code}` : `crashed with ${signal}`);
  }

  get #memory(): string {
    return `${Math.round(this.#limits.memoryBytes / 1024 / 1024)} MiB of memory`;
  }

  #exhausted(what: string): Fault {
    return { code: "resource_exhausted", problem: `Plugin ${this.#name} ${what} and was stopped` };
  }

  #failed(what: string): Fault {
    return { code: "unavailable", problem: `Plugin ${this.#name} ${what}` };
  }
}

/** What a plugin says, as part of a sentence of ours: one line, nothing invisible, not long. */
export function quoted(words: unknown): string {
  // deno-lint-ignore no-control-regex -- those are meant
  const line = String(words).toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}
