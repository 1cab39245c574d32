/**
 * A server with one plugin, for plugin_orphan_test.ts: it prints the ids of two processes of the plugin, of which one has nothing to do and one loops, and
 * then waits to be ended.
 *
 * @module
 */
import { effectiveLimits } from "../../src/plugin/sandbox/limits.ts";
import { Sandboxes } from "../../src/plugin/sandbox/sandboxes.ts";
import { manifest, NOTHING, work } from "./sandbox.ts";

const code =
  `export default { actions: { pid: () => new Promise((tell) => setTimeout(() => tell(Deno.pid), 50)), loop() { for (;;); } } };`;
const sandboxes = new Sandboxes({ stateDir: Deno.args[0] ?? "" });
const limits = { ...effectiveLimits({}), callMs: 60_000, cpuMs: 60_000, concurrency: 2 };
const options = { manifest: manifest(), granted: NOTHING, limits, code: { text: code, language: "typescript" } } as const;
const runner = await sandboxes.createRunner(options, { onLog() {}, onState() {} });
const pids = await Promise.all([1, 2].map(() => runner.runAction("pid", "{}", work())));
const looping = runner.runAction("loop", "{}", work());
console.log(pids.join(" "));
await looping;
