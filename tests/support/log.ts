import { createLog, type Log } from "../../src/observability/log.ts";

/** A log for tests: silent, unless `TEST_LOG` is set, which sends it to the standard error output. */
export function testLog(): Log {
  const shown = Deno.env.get("TEST_LOG");
  return createLog(shown === undefined || shown === "" ? "error" : "debug", (line) => {
    if (shown) console.error(line);
  });
}
