import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import protobuf from "protobufjs";
import { messageServiceDefinition, reflectionDefinitions } from "../../src/wire/definitions.ts";
import type { ServerReflectionRequest } from "../../src/wire/generated/grpc/reflection/v1/ServerReflectionRequest.ts";
import type { ServerReflectionResponse__Output } from "../../src/wire/generated/grpc/reflection/v1/ServerReflectionResponse.ts";
import { type ClientDuplexStream, credentials, makeClientConstructor, status, type StatusObject } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { tempDir } from "../support/temp_dir.ts";
import { PATIENCE_MS, startServer, type TestServerOptions, until } from "./grpc_support.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
type Asking = ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse__Output>;

/** Asks one question after the other on one stream; gives the answers and the status that the stream ended with. */
async function ask(address: string, requests: readonly ServerReflectionRequest[], version = 0) {
  const Reflection = makeClientConstructor(reflectionDefinitions[version]!, "ServerReflection");
  const client = new Reflection(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  try {
    const call: Asking = (client as unknown as { ServerReflectionInfo(): Asking }).ServerReflectionInfo();
    const answers: ServerReflectionResponse__Output[] = [];
    const ended = Promise.withResolvers<StatusObject>();
    call.on("data", (answer) => answers.push(answer));
    call.on("status", ended.resolve);
    call.on("error", () => {});
    for (const request of requests) call.write(request);
    call.end();
    return { answers, ended: await within(PATIENCE_MS, "the end of reflection", ended.promise) };
  } finally {
    client.close();
  }
}

/** `buf curl` that knows nothing but what the server tells. */
async function bufCurl(address: string, ...args: readonly string[]): Promise<{ readonly success: boolean; readonly text: string }> {
  await using home = await tempDir();
  const imports: Record<string, string> = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).imports;
  const buf = ["run", "--quiet", "--allow-read", "--allow-run", "--allow-env", "--allow-sys", imports["@bufbuild/buf"] ?? ""];
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...buf,
      "curl",
      "--protocol",
      "grpc",
      "--http2-prior-knowledge",
      ...args.map((arg) => arg.replace("SERVER", `http://${address}`)),
    ],
    env: { BUF_CACHE_DIR: home.path },
    cwd: home.path,
    stdin: "null",
  });
  const { success, stdout, stderr } = await within(60_000, "buf curl", command.output());
  return { success, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("reflection: buf curl lists every method, and calls one, by reflection alone", async () => {
  await using test = await startServer();
  for (const protocol of ["grpc-v1", "grpc-v1alpha"]) {
    const listed = await bufCurl(test.address, "--reflect-protocol", protocol, "--list-methods", "SERVER");
    const methods = listed.text.trim().split("\n");
    assert(methods.includes("chat.MessageService/CreateMessage") && methods.includes("grpc.health.v1.Health/Watch"), listed.text);
    const ours = Object.keys(messageServiceDefinition).map((name) => `chat.MessageService/${name}`);
    assertEquals(methods.filter((method) => method.startsWith("chat.")).sort(), ours.sort());
  }
  const request = JSON.stringify({ username: "ann", content: "Hello", metadata: { a: "b" } });
  const created = await bufCurl(test.address, "-d", request, "SERVER/chat.MessageService/CreateMessage");
  assertEquals([JSON.parse(created.text).content, JSON.parse(created.text).metadata], ["Hello", { a: "b" }]);
  const health = await bufCurl(test.address, "-d", "{}", "SERVER/grpc.health.v1.Health/Check");
  assertEquals(JSON.parse(health.text), { status: "SERVING" });
});

Deno.test("reflection finds files by name, message, service, method and nested type, and says what there is not", async () => {
  await using test = await startServer();
  const symbols = ["chat.MessageService", "chat.MessageService.GetMessages", "chat.MessageResponse", "chat.MessageResponse.MetadataEntry"];
  for (const version of [0, 1]) {
    const { answers, ended } = await ask(test.address, [
      { listServices: "" },
      { fileByFilename: "message_service.proto" },
      ...symbols.map((fileContainingSymbol) => ({ fileContainingSymbol })),
      { fileContainingSymbol: "grpc.health.v1.HealthCheckResponse.ServingStatus", host: "here" },
      { fileContainingSymbol: "chat.Nothing" },
      { fileByFilename: "no.proto" },
      { fileContainingExtension: { containingType: "chat.MessageResponse", extensionNumber: 7 } },
      { allExtensionNumbersOfType: "chat.MessageResponse" },
      { allExtensionNumbersOfType: "chat.Nothing" },
      {},
    ], version);
    assertEquals(ended.code, status.OK);
    const [services, byName, ...rest] = answers;
    assertEquals(services?.listServicesResponse?.service.map(({ name }) => name), [
      "chat.MessageService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    assert(fileNames(byName).includes("message_service.proto"));
    for (const found of rest.slice(0, 4)) assertEquals(fileNames(found), fileNames(byName));
    assertEquals([fileNames(rest[4]), rest[4]?.validHost], [["grpc/health/v1/health.proto"], "here"]);
    assertEquals(rest.slice(5, 8).map((answer) => answer.errorResponse?.errorCode), Array(3).fill(status.NOT_FOUND));
    assertEquals(rest[8]?.allExtensionNumbersResponse, { baseTypeName: "chat.MessageResponse", extensionNumber: [] });
    assertEquals(rest.slice(9).map((answer) => answer.errorResponse?.errorCode), [status.NOT_FOUND, status.INVALID_ARGUMENT]);
  }
});

function fileNames(answer: ServerReflectionResponse__Output | undefined): readonly string[] {
  return (answer?.fileDescriptorResponse?.fileDescriptorProto ?? []).map((bytes) => {
    const reader = protobuf.Reader.create(bytes);
    assertEquals(reader.uint32(), 10); // field 1, the name
    return reader.string();
  });
}

const doors: readonly (readonly [string, TestServerOptions, number])[] = [
  ["open on loopback by itself", {}, status.OK],
  ["closed to strangers where other machines can reach it", { host: "0.0.0.0" }, status.UNAUTHENTICATED],
  ["open to all where it is on", { host: "0.0.0.0", reflection: "on" }, status.OK],
  ["not there where it is off", { reflection: "off" }, status.UNIMPLEMENTED],
];
for (const [what, options, code] of doors) {
  Deno.test(`reflection is ${what}`, async () => {
    await using test = await startServer(options);
    const { answers, ended } = await ask(test.address, [{ listServices: "" }]);
    assertEquals([ended.code, answers.length], [code, code === status.OK ? 1 : 0]);
    if (code === status.UNAUTHENTICATED) assertStringIncludes(ended.details, "GRPC_REFLECTION");
  });
}

Deno.test("reflection streams end when the server stops, and leave nothing behind when their client goes", async () => {
  await using test = await startServer();
  const Reflection = makeClientConstructor(reflectionDefinitions[0]!, "ServerReflection");
  const client = new Reflection(test.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const open = () => (client as unknown as { ServerReflectionInfo(): Asking }).ServerReflectionInfo();
  const [gone, kept] = [open(), open()];
  for (const call of [gone, kept]) call.on("error", () => {}).on("data", () => {});
  await until("both are open", () => test.server.load.streams === 2);
  gone.cancel();
  await until("one is gone", () => test.server.load.streams === 1);
  const ended = new Promise<StatusObject>((resolve) => kept.on("status", resolve));
  await within(PATIENCE_MS, "the stop", test.server.stop({ deadlineMs: PATIENCE_MS }));
  const { code, details } = await within(PATIENCE_MS, "the end", ended);
  assertEquals(code, status.UNAVAILABLE);
  assertMatch(details, /shutting down/);
  client.close();
});
