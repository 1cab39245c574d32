import { ChatError } from "../../core/errors.ts";
import type { PluginHost } from "../runner.ts";
import { parseJson } from "./call.ts";
import { readCapability } from "./capabilities.ts";
import { PROCESS_LIMITS } from "./limits.ts";

/** What a plugin's process is answered. */
export interface HostAnswer {
  readonly use: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What one call asks of the system: so many at once, and nothing once it is over. */
export class HostUses {
  readonly #host: PluginHost;
  readonly #answer: (answer: HostAnswer) => Promise<void>;
  readonly #open = new Set<number>();
  #closed = false;

  /** `answer` resolves once the process has taken the answer, or has ended. */
  constructor(host: PluginHost, answer: (answer: HostAnswer) => Promise<void>) {
    this.#host = host;
    this.#answer = answer;
  }

  /** Takes `<use> <JSON>`. False: no honest program would have sent it now. */
  take(text: string): boolean {
    const [head, id] = /^(\d{1,15}) /.exec(text.slice(0, 20)) ?? [];
    if (head === undefined) return false;
    const use = Number(id);
    if (this.#closed) return true;
    if (this.#open.size >= PROCESS_LIMITS.uses || this.#open.has(use)) return false;
    this.#open.add(use);
    void this.#use(use, parseJson(text.slice(head.length)));
    return true;
  }

  /** From now on nothing is asked and nothing answered. */
  close(): void {
    this.#closed = true;
  }

  async #use(use: number, asked: unknown): Promise<void> {
    let answer: HostAnswer;
    try {
      answer = { use, result: await this.#host.use(readCapability(asked)) };
    } catch (error) {
      const known = error instanceof ChatError && error.code !== "internal";
      answer = { use, error: known ? { code: error.code, message: error.message } : { code: "internal", message: "The request failed" } };
    }
    // It counts until it is taken, so that who does not read cannot have answers heaped up.
    if (!this.#closed) await this.#answer(answer);
    this.#open.delete(use);
  }
}
