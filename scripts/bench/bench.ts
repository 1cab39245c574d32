/**
 * `deno task bench [--only ROW[,ROW]] [--json FILE] [--runs N] [--seconds N] [--readme] [--full] [--texts DIR]`: how fast the system is on this
 * machine. Each figure stands beside something measured in the same run, because machines differ and a machine differs from itself. `--full` has
 * the sizes that take minutes, as a run of all rows does; `--texts` names a folder with Cranfield to make the searched documents of.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type BenchContext, Places, type Row } from "./context.ts";
import { type Figure, type LeftOut, reaches, table } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { createRow } from "./create.ts";
import { fanoutRow } from "./fanout.ts";
import { historyRow } from "./history.ts";
import { hooksRow } from "./hooks.ts";
import { idleRow } from "./idle.ts";
import { liveRow } from "./live.ts";
import { natsRow } from "./nats.ts";
import { overloadRow } from "./overload.ts";
import { writeReadme } from "./readme.ts";
import { aiRow } from "./ai.ts";
import { pluginRow } from "./plugin.ts";
import { ragRow } from "./rag.ts";
import { restRow } from "./rest.ts";
import { scalingRow } from "./scaling.ts";
import { splitRow } from "./split.ts";
import { unaryRow } from "./unary.ts";

const ROWS: readonly Row[] = [
  unaryRow,
  createRow,
  fanoutRow,
  natsRow,
  historyRow,
  idleRow,
  overloadRow,
  restRow,
  splitRow,
  liveRow,
  ragRow,
  aiRow,
  hooksRow,
  pluginRow,
  scalingRow,
];

const { values } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string" },
    json: { type: "string" },
    readme: { type: "boolean" },
    full: { type: "boolean" },
    texts: { type: "string" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
  },
});
const only = values.only?.split(",");
const unknown = only?.find((name) => !ROWS.some((row) => row.name === name));
if (unknown !== undefined) {
  console.error(`There is no row ${JSON.stringify(unknown)}; there are: ${ROWS.map((row) => row.name).join(", ")}`);
  Deno.exit(1);
}

const machine = describeMachine();
if (Number(machine["loadBefore"]) > Number(machine["cores"]) / 2) {
  console.error(`The machine is busy (load ${machine["loadBefore"]}): the rates will be low, and the ratios uncertain`);
}
const folder = await Deno.makeTempDir({ prefix: "chat-bench-" });
const places = new Places(folder);
const figures: Figure[] = [];
const leftOut: LeftOut[] = [];
const leaveOut = (row: LeftOut) => void (leftOut.push(row), console.error(`${row.row}: left out, ${row.why}`));
const context: BenchContext = {
  runs: Number(values.runs),
  seconds: Number(values.seconds),
  full: values.full ?? only === undefined,
  texts: values.texts,
  folder,
  leaveOut,
  report(figure) {
    figures.push(figure);
    console.error(table([figure]).split("\n")[2]);
  },
  async place(row, kind) {
    try {
      return await places.make(kind);
    } catch (error) {
      leaveOut({ row, why: `no ${kind}: ${error instanceof Error ? error.message : error}` });
      return undefined;
    }
  },
};

let failed = 0;
try {
  for (const row of ROWS.filter(({ name }) => only === undefined || only.includes(name))) {
    const begunMs = performance.now();
    try {
      await row.measure(context);
    } catch (error) {
      failed++;
      leaveOut({ row: row.name, why: `it failed: ${error instanceof Error ? error.stack : error}` });
    }
    console.error(`${row.name}: ${((performance.now() - begunMs) / 1000).toFixed(0)} s`);
  }
} finally {
  await places.close();
  await Deno.remove(folder, { recursive: true });
}
console.log(table(figures));
for (const { row, why } of leftOut) console.log(`Left out: ${row}: ${why}`);
const short = figures.filter((figure) => reaches(figure) === false).length;
console.log(
  `${figures.length} figures, ${short} short of their target; ${
    Object.entries(machine).map(([name, value]) => `${name} ${value}`).join(", ")
  }`,
);
if (values.json !== undefined) {
  await Deno.writeTextFile(values.json, `${JSON.stringify({ at: new Date().toISOString(), machine, figures, leftOut }, null, 2)}\n`);
}
if (values.readme === true) await writeReadme(figures, leftOut, machine);
Deno.exit(failed === 0 ? 0 : 1);
