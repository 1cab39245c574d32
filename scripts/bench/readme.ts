import { type Figure, type LeftOut, table } from "./figures.ts";

const README = new URL("../../README.md", import.meta.url);
const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

const INTRO =
  `\`deno task bench\` (\`--only unary,create\` for some rows, \`--json FILE\` for machines, \`--readme\` to write this section) measures the real
parts as a child process, over a fresh database with fsync on. Each figure is the middle one of its runs; a ratio is against the thing named beside it, measured
in alternation in the same run, because machines differ and a machine differs from itself. "Commit to arrival" counts from the time stamp that the commit's own statement
took, so it holds the commit too. Server, database and load generator share the machine's cores.`;

/** Writes the section of the README that tells what was measured. Throws when the README has no place for it. */
export async function writeReadme(
  figures: readonly Figure[],
  leftOut: readonly LeftOut[],
  machine: Readonly<Record<string, string | number>>,
) {
  const text = await Deno.readTextFile(README);
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  const where = `Machine: ${machine["cores"]} cores (${machine["model"]}), Deno ${machine["deno"]}, load before the run ${
    Number(machine["loadBefore"]).toFixed(1)
  }.`;
  const missing = leftOut.map(({ row, why }) => `Left out: ${row}: ${why.split("\n")[0]}`);
  const section = [INTRO, table(figures), where, ...missing].join("\n\n");
  await Deno.writeTextFile(README, `${text.slice(0, begin)}${BEGIN}\n${section}\n${text.slice(end)}`);
}
