/**
 * `deno task config`: prints the effective settings, where each came from, and what is wrong with them; exit code 1 if anything is.
 * `--markdown` writes the README's table instead; `--markdown --check` only says whether it is up to date.
 *
 * @module
 */
import { applyPresets } from "../src/config/presets.ts";
import { settingsReport, withSettingsTable } from "../src/config/report.ts";

const README = new URL("../README.md", import.meta.url);

/** Whether the README's table matches the settings; undefined text means it has no markers. */
export function readmeDrift(): { readonly text: string | undefined; readonly drifted: boolean } {
  const readme = Deno.readTextFileSync(README);
  const text = withSettingsTable(readme);
  return { text, drifted: text !== readme };
}

function writeTable(checkOnly: boolean): number {
  const { text, drifted } = readmeDrift();
  if (text === undefined) {
    console.error("README.md has no settings markers");
    return 1;
  }
  if (!drifted) return 0;
  if (checkOnly) {
    console.error("The README's table of settings is out of date: run deno task config --markdown");
    return 1;
  }
  Deno.writeTextFileSync(README, text);
  return 0;
}

if (import.meta.main) {
  const { env, presets, rest } = applyPresets(Deno.env.toObject(), Deno.args);
  if (rest.includes("--markdown")) Deno.exit(writeTable(rest.includes("--check")));
  const { text, ok } = settingsReport(env, presets);
  console.log(text);
  Deno.exit(ok ? 0 : 1);
}
