/**
 * The server that the HTTP/2 soak torments: the project's own gRPC server over a service that keeps nothing.
 * Prints its port as one JSON line. Leaves in peace at SIGTERM. `--cert FILE --key FILE` for TLS, `--without-cure` to see it die.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { MemoryMessageService } from "../../tests/support/memory_message_service.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    cert: { type: "string" },
    key: { type: "string" },
    port: { type: "string", default: "0" },
    "without-cure": { type: "boolean" },
  },
});
if (values["without-cure"]) {
  // What the cure sets to remember that it is installed.
  Object.assign((await import("node:http2")).default, { [Symbol.for("chat.http2_cure")]: true });
}
const { startGrpcServer } = await import("../../src/grpc/server.ts");
const { TlsFiles } = await import("../../src/wire/tls_files.ts");
const tls = values.cert !== undefined && values.key !== undefined ? { certPath: values.cert, keyPath: values.key } : undefined;
const server = await startGrpcServer({
  config: {
    ...{ enabled: true, host: "127.0.0.1", port: Number(values.port), maxWorkers: 256, maxQueuedCalls: 10_000 },
    ...{ maxMessageBytes: 4 * 1024 * 1024, keepaliveTimeMs: 30_000, keepaliveTimeoutMs: 10_000 },
    ...(tls === undefined ? {} : { tls }),
  },
  ...(tls === undefined ? {} : { tls: await TlsFiles.open(tls) }),
  services: { message: emptyService() },
  log: { debug() {}, info() {}, warn: console.error, error: console.error },
});
console.log(JSON.stringify({ port: server.port, pid: Deno.pid }));
Deno.addSignalListener("SIGTERM", () => server.stop({ deadlineMs: 1_000 }).then(() => Deno.exit(0)));

/** Answers every creation with the same message, so that a soak of millions of calls fills no memory. */
function emptyService(): MemoryMessageService {
  const service = new MemoryMessageService();
  const answer = Promise.resolve(service.append({ content: "hello", username: "soak" }));
  service.createMessage = () => answer;
  return service;
}
