/**
 * One client's work, over gRPC or over REST: `rest_client.ts '{"over":"grpc","what":"create","calls":1000,"inFlight":1,…}'`.
 * Says one JSON line when ready; then, for each line on its input, does the work once and says what it took.
 *
 * @module
 */
import { MessageServiceClient } from "../../src/clients/mod.ts";

interface Work {
  readonly over: "grpc" | "rest";
  readonly what: "create" | "page";
  readonly calls: number;
  readonly inFlight: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly content: string;
}

const work: Work = JSON.parse(Deno.args[0] ?? "{}");
const client = new MessageServiceClient({ address: `127.0.0.1:${work.grpcPort}` });
const url = `http://127.0.0.1:${work.httpPort}/v1/messages`;

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  "grpc create": () => client.createMessage({ content: work.content, username: "user-1" }),
  "grpc page": () => client.getMessages({ limit: 50 }),
  "rest create": async () => {
    const body = JSON.stringify({ content: work.content, username: "user-1", client_message_id: crypto.randomUUID() });
    return await read(await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body }));
  },
  "rest page": async () => await read(await fetch(`${url}?limit=50`)),
};
const call = calls[`${work.over} ${work.what}`];
if (call === undefined) throw new Error(`There is no work "${work.over} ${work.what}"`);

await call();
console.log(JSON.stringify({ ready: true }));
const input = new Uint8Array(4096);
while (await Deno.stdin.read(input) !== null) {
  const beganMs = performance.now();
  await spread(work.calls, work.inFlight, call);
  console.log(JSON.stringify({ ms: performance.now() - beganMs }));
}
await client.close();

async function read(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`REST answered ${response.status}: ${await response.text()}`);
  return await response.json();
}

async function spread(count: number, width: number, one: () => Promise<unknown>): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: width }, async () => {
    while (left-- > 0) await one();
  }));
}
