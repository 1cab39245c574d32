import type { CallTally } from "./call_tally.ts";
import type { HookAnswer, HookQuestion, PluginRunner, PluginWork } from "./runner.ts";

/** A runner that can be put out of use without dropping the calls that are under way. */
export class DrainingRunner implements PluginRunner {
  readonly #runner: PluginRunner;
  readonly #tally: CallTally;
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(runner: PluginRunner, tally: CallTally) {
    this.#runner = runner;
    this.#tally = tally;
  }

  async runAction(action: string, inputJson: string, work: PluginWork): Promise<string> {
    return await this.#counted(() => this.#runner.runAction(action, inputJson, work));
  }

  async *streamAction(action: string, inputJson: string, work: PluginWork): AsyncGenerator<string> {
    this.#began();
    try {
      yield* this.#runner.streamAction(action, inputJson, work);
    } catch (error) {
      this.#tally.failed(error);
      throw error;
    } finally {
      this.#ended();
    }
  }

  async runHook(question: HookQuestion, work: PluginWork): Promise<HookAnswer> {
    return await this.#counted(() => this.#runner.runHook(question, work));
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  /** Closes once nothing is under way, and after `limitMs` in any case. */
  async drain(limitMs: number): Promise<void> {
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.#runner.close();
  }

  /** Ends a drain at once. */
  hurry(): void {
    this.#idle?.();
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.#began();
    try {
      return await work();
    } catch (error) {
      this.#tally.failed(error);
      throw error;
    } finally {
      this.#ended();
    }
  }

  #began(): void {
    this.#underWay++;
    this.#tally.begin();
  }

  #ended(): void {
    this.#tally.end();
    if (--this.#underWay === 0) this.#idle?.();
  }
}
