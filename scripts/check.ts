/**
 * `deno task check`: every convention that a program can hold, behind one command; exit code 1 if any is broken.
 *
 * @module
 */
import { docProblems, lengthWarnings } from "./docs.ts";
import { layerProblems } from "./layers.ts";
import { sources } from "./sources.ts";

/** One thing to check; resolves to what is wrong, or nothing. */
interface Check {
  readonly name: string;
  run(): Promise<string>;
}

const ROOT = new URL("../", import.meta.url);

/** Runs deno; resolves to what it printed when it failed, else to nothing. */
async function deno(args: readonly string[]): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, env: { NO_COLOR: "1" }, stdin: "null" });
  const { success, code, stdout, stderr } = await process.output();
  if (success) return "";
  const text = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes).trim()).filter((part) => part !== "").join("\n");
  return text === "" ? `deno ${args.join(" ")} exits ${code}` : text;
}

/** A check that is a deno command. */
function command(name: string, ...args: readonly string[]): Check {
  return { name, run: () => deno(args) };
}

/** Types that leak and links that lead nowhere. That every export is documented is checked by itself; a field may say it all by its name. */
async function publicApi(): Promise<string> {
  const report = await deno(["doc", "--lint", "-q", "src/clients/mod.ts"]);
  if (report === "" || !report.includes("error[")) return report;
  const findings = report.split(/(?=^error\[)/m).filter((part) => /^error\[(?!missing-jsdoc)/.test(part));
  return findings.map((part) => part.trim()).join("\n");
}

/** A check that is a function over the sources. */
function scan(name: string, problems: () => readonly string[]): Check {
  return { name, run: () => Promise.resolve(problems().join("\n")) };
}

/** Runs the checks, two at a time, and prints each as it ends; resolves to the number that failed. */
async function runAll(checks: readonly Check[]): Promise<number> {
  const waiting = [...checks];
  let failed = 0;
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedMs = performance.now();
      const problem = await check.run().catch((error) => String(error));
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`${problem === "" ? "ok    " : "FAILED"} ${check.name} (${seconds} s)`);
      if (problem === "") continue;
      failed++;
      console.log(problem.replace(/^/gm, "       "));
    }
  };
  await Promise.all([worker(), worker()]);
  return failed;
}

/** Whether browsers run the file. */
function isPageScript(path: string): boolean {
  return path.startsWith("src/gateway/console/page/");
}

const files = sources();
const checks: readonly Check[] = [
  command("types", "check", "-q", ...files.map(({ path }) => path).filter((path) => !isPageScript(path))),
  // Browsers have other globals than Deno, and one program can be checked against one set of them.
  command("types of the page", "check", "-q", "--config", "src/gateway/console/page/deno.json", "src/gateway/console/page"),
  command("format", "fmt", "--check"),
  command("lint", "lint", "-q"),
  command("protos", "task", "-q", "proto", "--check"),
  scan("layers", () => layerProblems(files)),
  scan("docstrings", () => docProblems(files)),
  { name: "public API", run: publicApi },
  command("README settings", "task", "-q", "config", "--markdown", "--check"),
];
const failed = await runAll(checks);
for (const warning of lengthWarnings(files)) console.log(`warning: ${warning}`);
console.log(failed === 0 ? `All ${checks.length} checks passed` : `${failed} of ${checks.length} checks failed`);
Deno.exit(failed === 0 ? 0 : 1);
