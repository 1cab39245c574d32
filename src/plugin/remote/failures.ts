import { ChatError } from "../../core/errors.ts";

/** Longer sentences of a plugin are cut. */
const MAX_WORDS = 500;

/** What the end of a question to a plugin's server means to whoever asked; its words are marked as its own. */
export function meaningOf(error: unknown, plugin: string, deadlineMs: number): ChatError {
  if (error instanceof PluginFault) return error;
  if (!(error instanceof ChatError)) return new ChatError("failed_precondition", `Plugin ${plugin} cannot be asked`, { cause: error });
  const words = wordsOf(error.message);
  switch (error.code) {
    case "unavailable":
      return new ChatError("unavailable", `Plugin ${plugin} cannot be reached: ${words}`, {
        ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
        cause: error,
      });
    // Nobody here has cancelled it, or its caller would be told that.
    case "cancelled":
      return new ChatError("unavailable", `Plugin ${plugin} cannot be reached: its server cut the call off`, { cause: error });
    case "deadline_exceeded":
      return new ChatError("deadline_exceeded", `Plugin ${plugin} did not answer within ${deadlineMs} ms`, { cause: error });
    case "resource_exhausted":
      return new ChatError("resource_exhausted", `Plugin ${plugin} has used up a limit: ${words}`, { cause: error });
    case "unimplemented":
      return new ChatError("failed_precondition", `Plugin ${plugin} does not do what its manifest says: ${words}`, { cause: error });
    default:
      return /^Response message parsing error/.test(error.message)
        ? nonsense(plugin, "its answer cannot be read", error)
        : new ChatError("failed_precondition", `Plugin ${plugin} failed: ${words}`, { cause: error });
  }
}

/** What this room says of a plugin, as opposed to what its server says. */
export class PluginFault extends ChatError {}

/** A plugin's server has answered what no plugin may answer. */
export function nonsense(plugin: string, problem: string, cause?: unknown): PluginFault {
  return new PluginFault("failed_precondition", `Plugin ${plugin} answered nonsense: ${problem}`, { cause });
}

/** One line of bounded length that can be shown. */
function wordsOf(message: string): string {
  // deno-lint-ignore no-control-regex -- those are what must not be shown
  const line = message.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length <= MAX_WORDS ? line : `${line.slice(0, MAX_WORDS).toWellFormed()}…`;
}
