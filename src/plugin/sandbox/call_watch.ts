import type { PluginLimits } from "../../contracts/mod.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import type { Fault, Faults } from "./faults.ts";
import { PROCESS_LIMITS } from "./limits.ts";
import type { ProcessUse, Warden } from "./warden.ts";

/** What a call may use, and who measures it. */
export interface Watched {
  readonly limits: Pick<PluginLimits, "callMs" | "cpuMs" | "memoryBytes">;
  readonly warden: Warden;
}

/** What a watch may do to the call's process. */
export interface CallPowers {
  /** Tells the caller, and the plugin that it shall end. */
  cancel(error: ChatError): void;
  /** Ends the process; without a fault it is not to blame. */
  kill(fault: Fault | undefined): void;
  /** Told what the process has used, now and then. */
  seen(use: ProcessUse): void;
  readonly faults: Faults;
  /** Whose time is up and who goes on all the same. */
  readonly late: Fault;
}

const SAMPLE_MS = 50;
/** Resident besides the plugin's own: the runtime's code and heap, measured at 60 to 110 MB. */
const BASE_RESIDENT_BYTES = 192 * 1024 * 1024;

/** Holds one call to its time, its processor and its memory, and ends what goes on after it was told to end. */
export class CallWatch {
  readonly #limits: Watched["limits"];
  readonly #warden: Warden;
  readonly #pid: number;
  readonly #signal: AbortSignal;
  readonly #powers: CallPowers;
  readonly #timeUp: ReturnType<typeof setTimeout>;
  readonly #sampling: ReturnType<typeof setInterval>;
  readonly #onAbort = () => this.#aborted();
  readonly #begunMs = performance.now();
  #grace: ReturnType<typeof setTimeout> | undefined;
  #baseCpuMs: number | undefined;
  #asked = false;
  #over = false;

  constructor({ limits, warden }: Watched, pid: number, signal: AbortSignal, powers: CallPowers) {
    this.#limits = limits;
    this.#warden = warden;
    this.#pid = pid;
    this.#signal = signal;
    this.#powers = powers;
    this.#timeUp = setTimeout(() => this.#late(), limits.callMs);
    this.#sampling = setInterval(() => void this.#sample(), SAMPLE_MS);
    if (signal.aborted) queueMicrotask(this.#onAbort);
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** The plugin has been told to end: it has a moment for that. */
  told(): void {
    this.#wait();
  }

  /** The call is over. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timeUp);
    clearTimeout(this.#grace);
    clearInterval(this.#sampling);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #aborted(): void {
    if (this.#over) return;
    this.#powers.cancel(abortError(this.#signal));
    this.#wait();
  }

  #late(): void {
    const { callMs } = this.#limits;
    this.#powers.cancel(new ChatError("resource_exhausted", `The plugin has used up its ${callMs} ms for one call`));
    this.#wait();
  }

  /** Who still runs when its own time is up is to blame; who does not stop because a caller was impatient is only ended. */
  #wait(): void {
    if (this.#over || this.#grace !== undefined) return;
    const end = () => this.#powers.kill(performance.now() - this.#begunMs < this.#limits.callMs ? undefined : this.#powers.late);
    this.#grace = setTimeout(end, PROCESS_LIMITS.graceMs);
  }

  async #sample(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    const use = await this.#warden.use(this.#pid);
    this.#asked = false;
    if (this.#over || use === undefined) return;
    this.#powers.seen(use);
    // What it has used before the first look is at most what that time allowed, and is given to it.
    this.#baseCpuMs ??= use.cpuMs;
    if (use.cpuMs - this.#baseCpuMs > this.#limits.cpuMs) this.#powers.kill(this.#powers.faults.cpu());
    else if (use.residentBytes > this.#limits.memoryBytes + BASE_RESIDENT_BYTES) this.#powers.kill(this.#powers.faults.memory());
  }
}
