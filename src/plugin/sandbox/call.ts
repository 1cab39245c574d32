import { ChatError } from "../../core/errors.ts";
import type { PluginWork } from "../runner.ts";

/** What a process is asked to do. */
export interface Job {
  readonly kind: "action" | "stream" | "hook";
  readonly name: string;
  readonly inputJson: string;
  readonly dryRun: boolean;
  readonly work: PluginWork;
}

/** The outputs of one call, which wait for their reader; bounded by the plugin's limit of output. */
export class Outputs {
  readonly #texts: string[] = [];
  #bytes = 0;
  #end: { readonly error?: ChatError } | undefined;
  #wake = Promise.withResolvers<void>();

  /** All bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing comes any more. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(text: string): void {
    this.#bytes += encoder.encode(text).byteLength;
    if (this.ended) return;
    this.#texts.push(text);
    this.#wake.resolve();
  }

  /** Only the first end counts. */
  end(error?: ChatError): void {
    if (this.ended) return;
    this.#end = error === undefined ? {} : { error };
    this.#wake.resolve();
  }

  /** The outputs in order; throws the error once those before it are read. */
  async *read(): AsyncGenerator<string, void> {
    for (;;) {
      const text = this.#texts.shift();
      if (text !== undefined) {
        yield text;
        continue;
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}

const encoder = new TextEncoder();

/** The JSON in a frame. Throws `TypeError`, because only an enemy sends anything else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("no JSON");
  }
}
