/**
 * Runs a plugin that is a server of its own. What it does wrong harms only its caller.
 *
 * @module
 */
import type { PluginCaller, PluginLimits, PluginManifest, PluginOutput } from "../../contracts/mod.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import type { HookAnswer, HookQuestion, PluginRunner, PluginWork, RunnerListener, RunnerState } from "../runner.ts";
import { Turns } from "../turns.ts";
import { meaningOf, nonsense, PluginFault } from "./failures.ts";
import { Lateness } from "./lateness.ts";
import { manifestDifferences } from "./manifest.ts";
import type { PeerCallOptions, PluginPeer } from "./peer.ts";
import { Standing } from "./standing.ts";
import type { CallTokens } from "./tokens.ts";

/** What a remote plugin is held to; each is above 0. */
export type RemoteLimits = Pick<PluginLimits, "callMs" | "outputBytes" | "concurrency">;

/** What runs one remote plugin. */
export interface RemoteRunnerOptions {
  readonly manifest: PluginManifest;
  readonly limits: RemoteLimits;
  /** Makes a connection. */
  readonly connect: () => PluginPeer;
  readonly tokens: CallTokens;
  /** What plugins are told to ask at; empty: they know. */
  readonly hostAddress: string;
  readonly listener: RunnerListener;
}

/** A server that takes longer to say what it is does not stand. */
const DESCRIBE_MS = 5_000;
/** Calls that wait for each that runs. */
const WAITING_PER_TURN = 16;
/** Of one call that streams: empty ones have no bytes. */
const MAX_OUTPUTS = 100_000;
const utf8 = new TextEncoder();

/** Throws unless the server is there and says that it is what was installed. */
export async function checkPeer(peer: PluginPeer, manifest: PluginManifest, signal: AbortSignal): Promise<void> {
  const { name } = manifest;
  const options = { signal, deadlineMs: DESCRIBE_MS, requestId: crypto.randomUUID() };
  const told = await peer.describePlugin(options).catch((error) => {
    throw signal.aborted ? abortError(signal) : meaningOf(error, name, DESCRIBE_MS);
  });
  const fields = manifestDifferences(manifest, told);
  if (fields.length === 0) return;
  const text = `The server of plugin ${name} says that it is another than the installed one: its manifest differs in ${fields.join(", ")}`;
  throw new ChatError("failed_precondition", text);
}

/** What one call works with. */
interface BegunCall {
  readonly peer: PluginPeer;
  readonly caller: PluginCaller;
  readonly options: PeerCallOptions;
  readonly startedMs: number;
  /** Takes it all back. */
  readonly done: () => void;
}

/** Runs one version of one remote plugin. */
export class RemoteRunner implements PluginRunner {
  readonly #options: RemoteRunnerOptions;
  readonly #name: string;
  readonly #standing: Standing;
  readonly #turns: Turns;
  readonly #lateness: Lateness;
  readonly #closing = new AbortController();
  #peer: PluginPeer;
  #told = "starting";

  constructor(options: RemoteRunnerOptions) {
    const { manifest, limits } = options;
    this.#options = options;
    this.#name = manifest.name;
    const tell = (problem: string | undefined) => this.#tell(problem === undefined ? { state: "enabled" } : { state: "failing", problem });
    this.#lateness = new Lateness(manifest.name, tell);
    this.#turns = new Turns(limits.concurrency, {
      mostWaiting: limits.concurrency * WAITING_PER_TURN,
      crowded: () => new ChatError("resource_exhausted", `Plugin ${this.#name} has too many calls waiting`, { retryAfterMs: 1_000 }),
    });
    options.listener.onState({ state: "starting" });
    this.#peer = this.#connect();
    this.#standing = new Standing({
      ask: (signal) => checkPeer(this.#peer, manifest, signal),
      tell: (problem) => tell(problem?.message),
    });
  }

  async runAction(action: string, inputJson: string, work: PluginWork): Promise<string> {
    const output = await this.#ask(
      work,
      this.#options.limits.callMs,
      ({ peer, caller, options }) => peer.runAction({ action, inputJson, caller }, options),
    );
    if (output.seq !== 0 && output.seq !== 1) throw nonsense(this.#name, `its only output has number ${output.seq}`);
    this.#requireSize(utf8.encode(output.outputJson).length);
    return this.#json(output);
  }

  async *streamAction(action: string, inputJson: string, work: PluginWork): AsyncGenerator<string> {
    const { peer, caller, options, startedMs, done } = await this.#begin(work);
    let [seq, bytes] = [0, 0];
    try {
      for await (const output of peer.streamAction({ action, inputJson, caller }, options)) {
        this.#lateness.answered();
        if (seq === MAX_OUTPUTS) throw this.#tooMuch(`${MAX_OUTPUTS} outputs`);
        if (output.seq !== ++seq) throw nonsense(this.#name, `its output ${seq} has number ${output.seq}`);
        this.#requireSize(bytes += utf8.encode(output.outputJson).length);
        yield this.#json(output);
      }
    } catch (error) {
      const meaning = this.#meaning(error, work);
      if (seq === 0) this.#note(meaning, startedMs, this.#options.limits.callMs);
      throw meaning;
    } finally {
      done();
    }
  }

  async runHook(question: HookQuestion, work: PluginWork): Promise<HookAnswer> {
    const { manifest, limits } = this.#options;
    const hook = manifest.hooks.find(({ event }) => event === question.event);
    const { decision, reason, draft, response } = await this.#ask(
      work,
      Math.min(hook?.timeoutMs || limits.callMs, limits.callMs),
      ({ peer, caller, options }) => peer.runHook({ ...question, caller }, options),
    );
    return { decision, reason, response, ...(draft === undefined ? {} : { draft }) };
  }

  async close(): Promise<void> {
    const reason = new ChatError("unavailable", `Plugin ${this.#name} was stopped`);
    if (!this.#closing.signal.aborted) this.#closing.abort(reason);
    this.#standing.close(reason);
    await this.#peer.close();
  }

  #connect(): PluginPeer {
    const peer = this.#options.connect();
    peer.onLost(() => {
      if (peer !== this.#peer || this.#closing.signal.aborted) return;
      this.#peer = this.#connect();
      this.#standing.lost();
    });
    return peer;
  }

  async #ask<T>(work: PluginWork, limitMs: number, ask: (call: BegunCall) => Promise<T>): Promise<T> {
    const call = await this.#begin(work);
    try {
      const answer = await ask(call);
      this.#lateness.answered();
      return answer;
    } catch (error) {
      const meaning = this.#meaning(error, work);
      this.#note(meaning, call.startedMs, limitMs);
      throw meaning;
    } finally {
      call.done();
    }
  }

  /** Only one that took all the time it had says that the plugin is slow; one that failed otherwise, that it is not. */
  #note({ code }: ChatError, startedMs: number, limitMs: number): void {
    if (code === "deadline_exceeded") this.#lateness.ended(performance.now() - startedMs, limitMs);
    else if (code !== "cancelled" && code !== "unavailable") this.#lateness.answered();
  }

  /** Waits for a turn and for the server, and makes what a call needs. */
  async #begin(work: PluginWork): Promise<BegunCall> {
    const { tokens, hostAddress, limits } = this.#options;
    const signal = AbortSignal.any([work.signal, this.#closing.signal]);
    this.#lateness.admit();
    const leave = await this.#turns.enter(signal);
    try {
      // Last, so that the call goes by the very connection whose server has said what it is.
      await this.#standing.ready(signal);
    } catch (error) {
      leave();
      throw error;
    }
    const { token, [Symbol.dispose]: end } = tokens.open(work.host);
    const { username, room, requestId } = work;
    const done = () => {
      end();
      leave();
    };
    const caller = { username, room, token, requestId, hostAddress };
    const options = { signal, deadlineMs: limits.callMs, requestId };
    return { peer: this.#peer, caller, options, startedMs: performance.now(), done };
  }

  #meaning(error: unknown, work: PluginWork): ChatError {
    if (work.signal.aborted) return abortError(work.signal);
    if (this.#closing.signal.aborted) return abortError(this.#closing.signal);
    return meaningOf(error, this.#name, this.#options.limits.callMs);
  }

  /** Nothing is a value too, to those who write nothing into the field. */
  #json({ outputJson }: PluginOutput): string {
    if (outputJson === "") return "null";
    try {
      JSON.parse(outputJson);
      return outputJson;
    } catch (error) {
      throw nonsense(this.#name, "its output is no JSON", error);
    }
  }

  #requireSize(bytes: number): void {
    const { outputBytes } = this.#options.limits;
    if (bytes > outputBytes) throw this.#tooMuch(`${outputBytes} bytes of output`);
  }

  #tooMuch(limit: string): PluginFault {
    return new PluginFault("resource_exhausted", `Plugin ${this.#name} gave more than the ${limit} that one call may have`);
  }

  #tell(state: RunnerState): void {
    const told = JSON.stringify(state);
    if (told === this.#told || this.#closing.signal.aborted) return;
    this.#told = told;
    this.#options.listener.onState(state);
    if (state.state === "failing") this.#options.listener.onLog({ level: "warn", text: state.problem, requestId: "" });
  }
}
