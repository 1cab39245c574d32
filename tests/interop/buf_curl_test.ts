/** `buf curl`, a gRPC client in Go, with this system's server. */
import { assertEquals, assertMatch } from "@std/assert";
import { startServer } from "../transport/grpc_support.ts";
import { within } from "../support/deadline.ts";
import { tempDir } from "../support/temp_dir.ts";
import { InteropMessageService } from "./interop_service.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Calls one RPC of the message service, as `schema` has it, with a JSON request; gives what was printed. */
async function curl(address: string, method: string, request: unknown, schema = "tests/contract/specification") {
  await using home = await tempDir();
  const imports: Record<string, string> = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).imports;
  const buf = ["run", "--quiet", "--allow-read", "--allow-run", "--allow-env", "--allow-sys", imports["@bufbuild/buf"] ?? ""];
  const args = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--schema", schema];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...buf, ...args, "-d", JSON.stringify(request), `http://${address}/chat.MessageService/${method}`],
    cwd: ROOT,
    env: { BUF_CACHE_DIR: home.path },
    stdin: "null",
  });
  const { success, stdout, stderr } = await within(60_000, "buf curl", command.output());
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("startGrpcServer answers buf curl, with the specification's protos and with this project's", async () => {
  await using server = await startServer();
  const { stdout } = await curl(server.address, "CreateMessage", { username: "ann", content: "Hello", metadata: { a: "b" } });
  const { timestamp, ...message } = JSON.parse(stdout);
  assertEquals(message, { id: 1, content: "Hello", username: "ann", messageType: "text", metadata: { a: "b" } });
  assertMatch(timestamp, /^\d{10}$/);
  const own = await curl(server.address, "GetMessages", { limit: 1 }, "protos");
  const page = JSON.parse(own.stdout);
  assertEquals([page.totalCount, page.headSeq, page.messages[0].seq], [1, "1", "1"]);
});

Deno.test("startGrpcServer tells buf curl a failure with its code and sentence", async () => {
  await using server = await startServer({ service: new InteropMessageService() });
  const request = { username: "ann", content: "Grüße ☺", messageType: "fail:failed_precondition" };
  const { success, stderr } = await curl(server.address, "CreateMessage", request);
  assertEquals(success, false);
  assertEquals([JSON.parse(stderr).code, JSON.parse(stderr).message], ["failed_precondition", "Grüße ☺"]);
});
