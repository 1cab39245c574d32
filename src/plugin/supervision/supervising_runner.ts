import type { HookAnswer, HookQuestion, PluginRunner, PluginWork, RunnerListener } from "../runner.ts";
import type { OnFault, SupervisedRunner } from "./supervised_runner.ts";
import { type SupervisionOptions, Supervisor } from "./supervisor.ts";

/** Makes the runner that is watched over. */
export type CreateSupervised = (onFault: OnFault) => SupervisedRunner;

/**
 * Runs a plugin for as long as it behaves: after a fault it begins again, with growing pauses in which calls get `unavailable`, and after too many it is
 * disabled. Says `starting` at once, and from then on each change.
 */
export class SupervisingRunner implements PluginRunner {
  readonly #runner: SupervisedRunner;
  readonly #supervisor: Supervisor;
  readonly #begun: Promise<void>;

  constructor(name: string, create: CreateSupervised, listener: RunnerListener, options?: SupervisionOptions) {
    this.#supervisor = new Supervisor(name, {
      onState: (state) => listener.onState(state),
      restart: () => this.#runner.start(),
      disable: () => void this.#runner.close(),
    }, options);
    this.#runner = create((problem) => this.#supervisor.failed(problem));
    listener.onState({ state: "starting" });
    this.#begun = this.#supervisor.start();
  }

  async runAction(action: string, inputJson: string, work: PluginWork): Promise<string> {
    this.#supervisor.admit();
    const output = await this.#runner.runAction(action, inputJson, work);
    this.#supervisor.succeeded();
    return output;
  }

  async *streamAction(action: string, inputJson: string, work: PluginWork): AsyncIterable<string> {
    this.#supervisor.admit();
    yield* this.#runner.streamAction(action, inputJson, work);
    this.#supervisor.succeeded();
  }

  async runHook(question: HookQuestion, work: PluginWork): Promise<HookAnswer> {
    this.#supervisor.admit();
    const answer = await this.#runner.runHook(question, work);
    this.#supervisor.succeeded();
    return answer;
  }

  async close(): Promise<void> {
    this.#supervisor.close();
    await this.#runner.close();
    await this.#begun;
  }
}
