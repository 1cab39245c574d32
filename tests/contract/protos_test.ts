import { assert, assertEquals } from "@std/assert";
import protobuf from "protobufjs";
import { PROTOS } from "../../src/wire/generated/protos.ts";

const SPECIFICATION = new URL("./specification/", import.meta.url);
const OURS = new URL("../../protos/", import.meta.url);

/** Everything that a client generated from these protos relies on, one fact a line. */
function facts(root: protobuf.Root): ReadonlySet<string> {
  root.resolveAll();
  const found: string[] = [];
  const visit = (object: protobuf.ReflectionObject) => {
    if (object instanceof protobuf.Type) found.push(`message ${object.fullName}`, ...object.fieldsArray.map(fieldFact));
    if (object instanceof protobuf.Enum) {
      found.push(...Object.entries(object.values).map(([name, number]) => `${object.fullName}.${name} = ${number}`));
    }
    if (object instanceof protobuf.Service) found.push(`service ${object.fullName}`, ...object.methodsArray.map(methodFact));
    if (object instanceof protobuf.Namespace) object.nestedArray.forEach(visit);
  };
  root.nestedArray.forEach(visit);
  return new Set(found);
}

function fieldFact(field: protobuf.Field): string {
  const type = field.resolvedType?.fullName ?? field.type;
  const label = field instanceof protobuf.MapField ? `map<${field.keyType}>` : field.repeated ? "repeated" : "single";
  const presence = field.partOf?.isProto3Optional ? "optional" : field.partOf ? `oneof ${field.partOf.name}` : "plain";
  return `${field.parent?.fullName}.${field.name} = ${field.id}: ${label} ${presence} ${type}`;
}

function methodFact(method: protobuf.Method): string {
  const side = (type: protobuf.Type | null, stream: boolean | undefined) => `${stream ? "stream " : ""}${type?.fullName}`;
  const [request, response] = [
    side(method.resolvedRequestType, method.requestStream),
    side(method.resolvedResponseType, method.responseStream),
  ];
  return `rpc ${method.parent?.fullName}.${method.name}(${request}) returns (${response})`;
}

async function readProtos(dir: URL, change: (text: string) => string = (text) => text): Promise<protobuf.Root> {
  const root = new protobuf.Root();
  for await (const entry of Deno.readDir(dir)) {
    if (entry.name.endsWith(".proto")) protobuf.parse(change(await Deno.readTextFile(new URL(entry.name, dir))), root, { keepCase: true });
  }
  return root;
}

const specified = facts(await readProtos(SPECIFICATION));
const missing = (ours: ReadonlySet<string>) => [...specified].filter((fact) => !ours.has(fact));

Deno.test("protos: every message, field, number, type, label, service and method of the specification is in ours unchanged", async () => {
  assert(specified.size > 60, `the specification has only ${specified.size} facts`);
  assertEquals(missing(facts(await readProtos(OURS))), []);
});

Deno.test("protos: what the program is built from is what the proto files say", async () => {
  const root = new protobuf.Root();
  for (const path of ["", "grpc/health/v1/", "grpc/reflection/v1/", "grpc/reflection/v1alpha/"]) {
    const dir = new URL(path, OURS);
    for await (const entry of Deno.readDir(dir)) {
      if (entry.name.endsWith(".proto")) protobuf.parse(await Deno.readTextFile(new URL(entry.name, dir)), root, { keepCase: false });
    }
  }
  assertEquals(facts(protobuf.Root.fromJSON(PROTOS as protobuf.INamespace)), facts(root));
});

const breakingChanges: readonly (readonly [string, (text: string) => string, string])[] = [
  ["a field's number", (text) => text.replace("string username = 2;", "string username = 22;"), ".chat.CreateMessageRequest.username = 2"],
  ["a field's name", (text) => text.replaceAll("int32 limit = 1;", "int32 max = 1;"), ".chat.GetMessagesRequest.limit = 1"],
  ["a field's type", (text) => text.replace("int64 timestamp = 5;", "int32 timestamp = 5;"), ".chat.MessageResponse.timestamp = 5"],
  [
    "a field's label",
    (text) => text.replace("repeated MessageResponse messages", "MessageResponse messages"),
    ".chat.GetMessagesResponse.messages",
  ],
  ["a field's presence", (text) => text.replace("int32 offset = 2;", "optional int32 offset = 2;"), ".chat.GetMessagesRequest.offset = 2"],
  [
    "a map",
    (text) => text.replace("map<string, string> metadata = 4;", "repeated string metadata = 4;"),
    ".chat.CreateMessageRequest.metadata",
  ],
  [
    "streaming",
    (text) => text.replace("(stream MessageStreamRequest)", "(MessageStreamRequest)"),
    "rpc .chat.MessageService.StreamMessages",
  ],
  ["a method's name", (text) => text.replace("rpc DeleteMessage(", "rpc RemoveMessage("), "rpc .chat.MessageService.DeleteMessage"],
  ["a service's name", (text) => text.replace("service RAGService", "service SearchService"), "service .chat.RAGService"],
  ["the package", (text) => text.replace("package chat;", "package chat.v1;"), "message .chat."],
];
for (const [what, change, lost] of breakingChanges) {
  Deno.test(`protos: the comparison notices when ${what} changes`, async () => {
    const changed = missing(facts(await readProtos(OURS, change)));
    assert(changed.some((fact) => fact.startsWith(lost)), `not noticed: ${lost}; noticed: ${changed.join("; ")}`);
  });
}

/** What may be sent more than once, by the level that its proto says. */
const IDEMPOTENT = [
  ...["AIService.CancelGeneration", "MessageService.DeleteMessage", "MessageService.UpdateRoom"],
  ...["PluginService.DisablePlugin", "PluginService.EnablePlugin", "PluginService.InstallPlugin", "PluginService.UninstallPlugin"],
  ...["RAGService.DeleteDocument", "RAGService.IndexDocument", "RAGService.IndexDocuments"],
];
/** What must not: it writes a message, costs money, or runs other people's code. */
const ONCE = [
  ...["AIService.GenerateResponse", "AIService.StreamResponse", "MessageService.CreateMessage", "MessageService.UpdateMessage"],
  ...["PluginHostService.UseCapability", "PluginService.ExecutePlugin", "PluginService.RunHooks", "PluginService.StreamPlugin"],
  ...["RemotePluginService.RunAction", "RemotePluginService.RunHook", "RemotePluginService.StreamAction"],
];
const READING = /^(Analyze|Describe|DryRun|Get|List|Search|StreamMessages|StreamPluginLogs|Watch)/;

Deno.test("protos: every RPC says whether it may be sent twice, as clients repeat and hedge by it", () => {
  const chat = protobuf.Root.fromJSON(PROTOS as protobuf.INamespace).lookup("chat") as protobuf.Namespace;
  const services = chat.nestedArray.filter((object) => object instanceof protobuf.Service);
  const levels = services.flatMap((service) =>
    service.methodsArray.map((method) => [`${service.name}.${method.name}`, method.options?.["idempotency_level"] ?? "once"] as const)
  );
  const of = (level: string) => levels.filter(([, found]) => found === level).map(([name]) => name).sort();
  assertEquals(of("IDEMPOTENT"), IDEMPOTENT);
  assertEquals(of("once"), ONCE);
  assertEquals(of("NO_SIDE_EFFECTS").filter((name) => !READING.test(name.split(".")[1] ?? "")), []);
});
