import { assertEquals } from "@std/assert";
import { databasePlace } from "../support/database.ts";
import { freePort } from "../support/ports.ts";
import { ServerProcess } from "../support/server_process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The image's check, with the permissions that the image gives it. */
async function healthcheck(env: Readonly<Record<string, string>>): Promise<number> {
  const [command] = Deno.readTextFileSync(`${ROOT}Dockerfile`).match(/"deno", "run".*"scripts\/healthcheck.ts"/) ?? [""];
  const args: string[] = JSON.parse(`[${command}]`).slice(1).filter((argument: string) => argument !== "--cached-only");
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { ...env }, stdin: "null", stderr: "null" }).output();
  return code;
}

Deno.test("healthcheck of a process without a gateway asks beside its metrics, and its gRPC port where it has none", async () => {
  await using place = await databasePlace("postgres");
  const env = { SERVICES: "rag", METRICS_PORT: `${freePort()}`, GRPC_SERVER_PORT: `${freePort()}` };
  {
    await using server = new ServerProcess({ env: { ...env, ...place.env } });
    await server.ready();
    assertEquals(await healthcheck(env), 0);
    assertEquals(await healthcheck({ ...env, METRICS_PORT: "off" }), 0);
    server.kill("SIGTERM");
    await server.outcome();
  }
  assertEquals(await healthcheck(env), 1);
  assertEquals(await healthcheck({ ...env, METRICS_PORT: "off" }), 1);
});
