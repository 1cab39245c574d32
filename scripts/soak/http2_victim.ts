/**
 * One grpc-js client on Deno whose server leaves while it is idle: 13 calls, then it waits for the connection to go, then lives on for a
 * moment. Prints `alive` when it has; without the cure the process often dies before. `--port`, `--ca FILE` for TLS, `--without-cure`.
 *
 * @module
 */
import { parseArgs } from "node:util";

const CALLS = 13;
const { values } = parseArgs({
  args: Deno.args,
  options: { port: { type: "string", default: "50051" }, ca: { type: "string" }, "without-cure": { type: "boolean" } },
});
if (values["without-cure"]) {
  // What the cure sets to remember that it is installed.
  Object.assign((await import("node:http2")).default, { [Symbol.for("chat.http2_cure")]: true });
}
const { Client, connectivityState, credentials } = await import("../../src/wire/grpc_js.ts");
const { messageServiceDefinition } = await import("../../src/wire/definitions.ts");

const trusted = values.ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(Deno.readFileSync(values.ca)));
// The certificate's name: Deno refuses a number as the name to ask for.
const client = new Client(`127.0.0.1:${values.port}`, trusted, { "grpc.ssl_target_name_override": "chat.test" });
await Promise.all(Array.from({ length: CALLS }, create));
console.log("idle");
await new Promise<void>((resolve) => {
  client.getChannel().watchConnectivityState(connectivityState.READY, Date.now() + 15_000, () => resolve());
});
// Whatever the end of the connection broke would show within this moment.
await new Promise((resolve) => setTimeout(resolve, 200));
client.close();
console.log("alive");

function create(): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = messageServiceDefinition.CreateMessage;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { content: "hello", username: "soak" },
      (error) => error === null ? resolve() : reject(error),
    );
  });
}
