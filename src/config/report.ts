import { splitHostList } from "./host_list.ts";
import { type Environment, inspectConfig } from "./read.ts";
import { type Setting, settingNames, settings } from "./settings.ts";

/** The start and the end of the part of the README that {@link withSettingsTable} owns. */
const BEGIN = "<!-- settings:begin -->", END = "<!-- settings:end -->";

/** The effective settings, where each came from, and everything wrong or doubtful about them, for people. */
export function settingsReport(
  env: Environment,
  presets: ReadonlySet<string> = new Set(),
): { readonly text: string; readonly ok: boolean } {
  const { config, problems, warnings } = inspectConfig(env);
  const rows = settingNames.map((name) => {
    const setting: Setting<unknown> = settings[name];
    const text = (env[name] ?? "").trim();
    if (text === "") return [name, setting.default ?? "(unset)", "default"] as const;
    return [name, shown(setting, text), presets.has(name) ? "command line" : "environment"] as const;
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column as 0 | 1].length)));
  const lines = rows.map(([name, value, source]) => `${name.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${source}`);
  const derived = config === undefined ? [] : ["", `Effective event bus: ${config.eventBus}; database: ${config.database.kind}`];
  return {
    text: [
      ...lines,
      ...derived,
      ...warnings.map((warning) => `Warning: ${warning}`),
      ...problems.map((problem) => `Problem: ${problem}`),
    ].join("\n"),
    ok: problems.length === 0,
  };
}

/** A setting's value as it may be printed: of an address with a password only where it leads. */
function shown(setting: Setting<unknown>, text: string): string {
  if (setting.secret === undefined) return text;
  if (setting.secret === "text") return "(hidden)";
  return text.split(/,(?=\s*[a-z]+:\/\/)/).map(shownUrl).join(",");
}

function shownUrl(text: string): string {
  const { first, others } = splitHostList(text.trim());
  if (!URL.canParse(first)) return "(hidden)";
  const url = new URL(first);
  return `${url.protocol}//${url.username === "" && url.password === "" ? "" : "***@"}${[url.host, ...others].join(",")}${url.pathname}${
    url.search === "" ? "" : "?***"
  }`;
}

/** The table of settings in Markdown. */
export function settingsTable(): string {
  const rows = settingNames.map((name) => {
    const setting: Setting<unknown> = settings[name];
    const value = setting.default === undefined ? "" : `\`${setting.default}\``;
    return `| \`${name}\` | ${value} | ${setting.doc} | ${setting.why} |`;
  });
  return ["| setting | default | what it means | why this default |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** The README with the table between its two markers brought up to date; undefined when the markers are not there. */
export function withSettingsTable(readme: string): string | undefined {
  const begin = readme.indexOf(BEGIN), end = readme.indexOf(END);
  if (begin < 0 || end < begin) return undefined;
  return `${readme.slice(0, begin + BEGIN.length)}\n${settingsTable()}\n${readme.slice(end)}`;
}
