import { settingNames } from "./settings.ts";

const PREFIX = /^(GRPC|HTTP|DATABASE|DATA|MESSAGE|EVENT|AUTH|LOG|SHUTDOWN|SERVICE|SERVICES)(_|$)/;

/** Variables that other programs use and that happen to look like ours. */
const FOREIGN = new Set(["GRPC_TRACE", "GRPC_VERBOSITY", "GRPC_PROXY", "HTTP_PROXY"]);

/** A warning for each variable that looks like a misspelt setting. */
export function nearMisses(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = new Set<string>(settingNames);
  return Object.keys(env).filter((name) => PREFIX.test(name) && !known.has(name) && !FOREIGN.has(name)).flatMap((name) => {
    const nearest = settingNames.map((setting) => ({ setting, edits: editDistance(name, setting) })).sort((a, b) => a.edits - b.edits)[0];
    if (nearest === undefined || nearest.edits > Math.max(2, Math.floor(name.length / 5))) return [];
    return [`${name} is not a setting and has no effect; did you mean ${nearest.setting}?`];
  });
}

/** Letters to insert, delete or replace to turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
