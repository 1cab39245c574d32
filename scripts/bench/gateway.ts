/**
 * A gateway that runs apart from its services, as the settings of its environment say; says its port as one JSON line and ends with its input.
 *
 * @module
 */
import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config/read.ts";
import { settingNames } from "../../src/config/settings.ts";
import { createLog } from "../../src/observability/log.ts";

const config = readConfig({
  ...Object.fromEntries(settingNames.map((name) => [name, Deno.env.get(name)])),
  ...{ SERVICES: "gateway", HTTP_PORT: "0" },
});
const app = createApp(config, { log: createLog("warn", (line) => console.error(line)) });
const { httpPort } = await app.start();
console.log(JSON.stringify({ httpPort }));
while (await Deno.stdin.read(new Uint8Array(1)) !== null);
await app.stop({ deadlineMs: 500 });
Deno.exit(0);
