/**
 * A process with the guard and one kind of trouble, for process_guard_test.ts: it prints `alive` when it has lived through it, and exits with 70
 * when the guard says that it must end.
 *
 * @module
 */
import { createLog } from "../../src/observability/log.ts";
import { guardProcess } from "../../src/observability/process_guard.ts";

const [trouble, times = "1"] = Deno.args;
const guard = guardProcess(createLog("debug", (line) => console.error(line)));
guard.survive((error) => error instanceof TypeError);
guard.failed.then(() => Deno.exit(70));
for (let time = 0; time < Number(times); time++) {
  if (trouble === "rejection") void Promise.reject(new Error("Stray", { cause: new Error("Root") }));
  else setTimeout(() => fail());
}
// Timers run in order: by then every trouble has happened.
setTimeout(() => console.log("alive"), 100);

function fail(): never {
  throw trouble === "known" ? new TypeError("Known") : new Error("Uncaught");
}
