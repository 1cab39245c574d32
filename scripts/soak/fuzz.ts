/**
 * Soak: 100,000 broken requests for each RPC, 20,000 for the HTTP face and 5,000 of extreme values for each method, against the real server on
 * each database.
 *
 * usage: fuzz.ts [--short] [--requests N] [--only pglite|postgres] [--rpc NAME]; FUZZ_SEED repeats a run
 *
 * @module
 */
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { databasePlace } from "../../tests/support/database.ts";
import { rpcNames } from "../../tests/support/fuzz/fields.ts";
import { fuzzRest } from "../../tests/support/fuzz/rest.ts";
import { fuzzRpc, shown } from "../../tests/support/fuzz/rounds.ts";
import { fuzzWellFormed, methodNames } from "../../tests/support/fuzz/well_formed.ts";
import { residentMib } from "../../tests/support/memory_use.ts";
import { seedOf } from "../../tests/support/seeded.ts";
import { ServerProcess } from "../../tests/support/server_process.ts";
import { isSet, option } from "./options.ts";

const requests = Number(option("requests", isSet("short") ? "1000" : "100000"));
const [only, onlyRpc] = [option("only", ""), option("rpc", "")];
const seed = seedOf("FUZZ_SEED");
console.log(`FUZZ_SEED=${seed}`);
const wrong: string[] = [];

for (const kind of (["postgres", "pglite"] as const).filter((each) => only === "" || only === each)) {
  await using place = await databasePlace(kind);
  const { config } = place;
  const env: Record<string, string> = config.kind === "pglite" ? { DATA_DIR: config.dataDir } : { DATABASE_URL: config.url };
  await using server = new ServerProcess({ env });
  const { grpcAddress, url, pid } = await server.ready();
  for (const rpc of rpcNames.filter((name) => onlyRpc === "" || onlyRpc === name)) {
    const startedAt = performance.now();
    // PGlite runs one statement at a time, and a stream's first can read a megabyte.
    const tally = await fuzzRpc({ address: grpcAddress, rpc, requests, seed, connections: kind === "pglite" ? 2 : 8 });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`${kind}, ${rpc}: ${requests} requests in ${seconds} s, server at ${await residentMib(pid)} MiB: ${shown(tally.ends)}`);
    for (const [sentence, times] of tally.byLibrary) console.log(`    by grpc-js: ${sentence} × ${times}`);
    for (const line of tally.wrong) console.log(`  WRONG ${line}`);
    wrong.push(...tally.wrong);
  }
  const rest = await fuzzRest({ url, requests: Math.ceil(requests / 5), seed });
  console.log(`${kind}, HTTP: ${Math.ceil(requests / 5)} requests, server at ${await residentMib(pid)} MiB: ${shown(rest.ends)}`);
  wrong.push(...rest.wrong);
  await using client = new MessageServiceClient({ address: grpcAddress, maxAttempts: 1 });
  for (const method of methodNames) await fuzzWellFormed(client, method, { runs: Math.ceil(requests / 20), seed });
  await client.createMessage({ username: "after", content: "Still here" });
  server.kill("SIGTERM");
  const { code, stderr } = await server.outcome();
  const errors = stderr.split("\n").filter((line) => line.includes('"level":"error"'));
  for (const line of errors.slice(0, 5)) console.log(`  WRONG log line ${line.slice(0, 600)}`);
  if (code !== 0) wrong.push(`the server ended with code ${code}`);
  wrong.push(...errors);
}
console.log(wrong.length === 0 ? "Nothing crashed, hung, or was blamed on the server" : `${wrong.length} things went wrong`);
Deno.exit(wrong.length === 0 ? 0 : 1);
