import { ChatError } from "../core/errors.ts";

/** Reads `NAME=value` lines; empty ones and those that begin with `#` are left out. Throws `failed_precondition` that shows no value. */
export function parseEnvFile(path: string, text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const [, name, value = ""] = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value.includes("\0")) {
      throw new ChatError("failed_precondition", `Line ${index + 1} of ${path} must be NAME=value, and is something else`);
    }
    found.set(name, value);
  }
  return found;
}
