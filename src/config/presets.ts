import { ChatError } from "../core/errors.ts";
import type { Environment } from "./read.ts";

/** An environment in which the command line has filled in what was unset. */
export interface PresetEnvironment {
  readonly env: Environment;
  /** The settings that came from the command line. */
  readonly presets: ReadonlySet<string>;
  /** The arguments that are not about settings. */
  readonly rest: readonly string[];
}

/**
 * Takes `--env-default NAME=VALUE` pairs out of the arguments: each counts unless the environment has the setting already.
 * So a task can change a default without overruling anybody. Throws `invalid_argument` for a pair without `=`.
 */
export function applyPresets(env: Environment, args: readonly string[]): PresetEnvironment {
  const filled = { ...env };
  const presets = new Set<string>();
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    if (args[index] !== "--env-default") {
      rest.push(args[index] ?? "");
      continue;
    }
    const pair = args[++index] ?? "";
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new ChatError("invalid_argument", `--env-default must be followed by NAME=VALUE, got ${JSON.stringify(pair)}`);
    }
    if ((filled[name] ?? "").trim() !== "") continue;
    filled[name] = value;
    presets.add(name);
  }
  return { env: filled, presets, rest };
}
