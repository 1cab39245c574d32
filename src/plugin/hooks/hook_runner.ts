/**
 * Asks the hooks of an event, one after the other.
 *
 * @module
 */
import type { HookDecision, MessageService, RunHooksRequest, RunHooksResponse } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";
import type { OpenHost } from "../launch.ts";
import type { PluginRegistry } from "../registry.ts";
import { askHook, type Occasion } from "./ask.ts";
import { type CommandTools, runCommand } from "./command.ts";
import { type Draft, MAX_REASON_BYTES, type Verdict, verdictOf } from "./draft.ts";
import { type HookEvent, requireOwnEvent, validEvent } from "./event.ts";
import { absentGuard, type MatchedHook, matchingHooks } from "./matching.ts";
import { RoomGuard } from "./room_guard.ts";
import { timeLimitMs } from "./time.ts";

/** What all hooks of one event may take together; those that are not asked by then are late. */
const CHAIN_MS = 20_000;

/** So long before its caller's deadline a call may already be ended by it. */
const HASTE_MS = 20;

/** What asking hooks takes. */
export interface HookRunnerOptions extends CommandTools {
  readonly registry: PluginRegistry;
  readonly openHost: OpenHost;
  readonly log: Log;
  /** Says who may use a room; absent: this process has no way to the message service, and rooms are not asked. */
  readonly messages?: MessageService | undefined;
}

/** How hooks are asked. */
export interface RunOptions {
  /** Answer, and change nothing. */
  readonly dryRun: boolean;
}

/** Runs hooks, for callers of every kind. */
export class HookRunner {
  readonly #options: HookRunnerOptions;
  readonly #rooms: RoomGuard;

  constructor(options: HookRunnerOptions) {
    this.#options = options;
    this.#rooms = new RoomGuard(options.messages);
  }

  /**
   * Asks the hooks of `request.event` in their order. A hook that fails or is late decides as its `onFailure` says. Throws `invalid_argument` for what is
   * no event, `permission_denied` for what the caller could not do by writing, and what the call's signal stands for; a command's failure is
   * thrown too, because nothing else could be told.
   */
  async run(request: RunHooksRequest, context: CallContext, { dryRun }: RunOptions): Promise<RunHooksResponse> {
    const event = validEvent(request, context.caller);
    requireOwnEvent(context.caller, event, dryRun);
    await this.#rooms.check(event.room, context);
    if (event.event === "command") return await runCommand(event, context, { ...this.#options, dryRun });
    return "draft" in event ? await this.#decide(event, context, dryRun) : await this.#tell(event, context, dryRun);
  }

  async #decide(event: HookEvent & { readonly draft: Draft }, context: CallContext, dryRun: boolean): Promise<RunHooksResponse> {
    const absent = absentGuard(this.#options.registry, event);
    if (absent !== undefined) return { outcome: "drop", draft: event.draft, decisions: [droppedBy(absent)] };
    const endAtMs = performance.now() + CHAIN_MS;
    const decisions: HookDecision[] = [];
    let { draft } = event;
    for (const matched of matchingHooks(this.#options.registry, event.event, event)) {
      const occasion = this.#occasion(matched, event, { context, dryRun, leftMs: endAtMs - performance.now() });
      const decision = await this.#ask(matched, draft, occasion);
      decisions.push(decision);
      if (decision.decision === "drop" || decision.decision === "respond") return { outcome: decision.decision, draft, decisions };
      draft = (decision.draft as Draft | undefined) ?? draft;
    }
    return { outcome: draft === event.draft ? "allow" : "rewrite", draft, decisions };
  }

  async #ask(matched: MatchedHook, draft: Draft, occasion: Occasion): Promise<HookDecision> {
    const startedMs = performance.now();
    const { name: plugin, version } = matched.plugin;
    const { signal } = occasion.context;
    const decided = await this.#verdict(matched, draft, occasion).catch((error: unknown) => {
      if (signal.aborted) throw abortError(signal);
      // What a plugin could not do because its caller gives up now is no failure of its own: else a hasty caller would get past an open hook.
      if (Date.now() + HASTE_MS >= (occasion.context.deadlineAtMs ?? Infinity)) throw tooHasty();
      return this.#failed(matched, error);
    });
    return { response: "", failure: "", ...decided, plugin, version, durationMs: Math.round(performance.now() - startedMs) };
  }

  async #verdict(matched: MatchedHook, draft: Draft, occasion: Occasion): Promise<Verdict> {
    if (occasion.timeoutMs <= 0) throw new ChatError("deadline_exceeded", `The hooks before it took ${CHAIN_MS} ms, which is all there is`);
    const question = { event: "message.before_create", draft, dryRun: occasion.dryRun };
    return verdictOf(await askHook(matched, question, { ...occasion, openHost: this.#options.openHost }), draft);
  }

  #failed({ plugin, hook }: MatchedHook, error: unknown) {
    const known = error instanceof ChatError;
    this.#options.log[known ? "debug" : "error"]("A hook failed", { plugin: plugin.name, event: hook.event, error });
    const failure = cut(known ? error.message : "It failed for a reason that only the log knows");
    return { decision: hook.onFailure === "closed" ? "drop" : "allow", reason: "", failure };
  }

  /** Events after the fact: every hook is told, whatever it answers. With `dryRun` it only says which ones would be. */
  async #tell(event: HookEvent, context: CallContext, dryRun: boolean): Promise<RunHooksResponse> {
    if (!("message" in event)) return { outcome: "allow", decisions: [] };
    const endAtMs = performance.now() + CHAIN_MS;
    const decisions: HookDecision[] = [];
    for (const matched of matchingHooks(this.#options.registry, event.event, event)) {
      if (matched.plugin.name === event.username) continue;
      const startedMs = performance.now();
      const { name: plugin, version } = matched.plugin;
      const decision = { plugin, version, decision: "allow", reason: "", response: "", failure: "", durationMs: 0 };
      if (dryRun) {
        // Who is told may do anything about it, such as telling others of what has never happened.
        decisions.push({ ...decision, reason: "It would be told" });
        continue;
      }
      const occasion = this.#occasion(matched, event, { context, dryRun, leftMs: Math.max(1, endAtMs - performance.now()) });
      const question = { event: event.event, message: event.message, dryRun };
      const { failure } = await askHook(matched, question, { ...occasion, openHost: this.#options.openHost })
        .then(() => ({ failure: "" }), (error: unknown) => this.#failed(matched, error));
      if (context.signal.aborted) throw abortError(context.signal);
      decisions.push({ ...decision, failure, durationMs: Math.round(performance.now() - startedMs) });
    }
    return { outcome: "allow", decisions };
  }

  #occasion(
    matched: MatchedHook,
    { username, room, via }: HookEvent,
    { context, dryRun, leftMs }: { readonly context: CallContext; readonly dryRun: boolean; readonly leftMs: number },
  ): Occasion {
    return { context, username, room, via, dryRun, timeoutMs: Math.min(timeLimitMs(matched), Math.floor(leftMs)) };
  }
}

/** Nobody need be asked then: the message could not be stored in any case. */
function droppedBy(plugin: string): HookDecision {
  const failure = "It does not run, because it failed too often or cannot run here";
  return { plugin, version: "", decision: "drop", reason: "", response: "", failure, durationMs: 0 };
}

function tooHasty(): ChatError {
  return new ChatError("deadline_exceeded", "The call's deadline came before the plugins' answers");
}

/** A sentence of at most as many bytes as a reason may have. */
function cut(text: string): string {
  const bytes = new TextEncoder().encode(text.toWellFormed().replaceAll("\0", ""));
  if (bytes.length <= MAX_REASON_BYTES) return new TextDecoder().decode(bytes);
  // A character that is cut through is left out.
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES - 3)).replace(/\uFFFD+$/, "") + "…";
}
