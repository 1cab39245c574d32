import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import { CONTENT } from "./bodies.ts";
import { compareWays } from "./clients.ts";
import { type BenchContext, type Row, type ServerChild, startServer } from "./context.ts";
import { ratioFigure } from "./figures.ts";

const CALLS = 1_000;

/** The specification's "1000 requests": gRPC against REST, as measured, with the project's own client and with `fetch`. */
export const restRow: Row = {
  name: "rest",
  async measure(context) {
    const place = await context.place("rest", "Postgres") ?? await context.place("rest", "PGlite");
    if (place === undefined) return;
    const server = await startServer(place);
    await using _server = server.child;
    for (const what of ["create", "page"] as const) {
      for (const inFlight of [1, 32]) await compare(context, server, { what, inFlight });
    }
    await payloads(context, server);
  },
};

async function compare(
  context: BenchContext,
  { child, grpcPort, httpPort }: ServerChild,
  { what, inFlight }: { readonly what: "create" | "page"; readonly inFlight: number },
): Promise<void> {
  const shared = { what, inFlight, calls: CALLS, content: CONTENT, grpcPort, httpPort };
  await compareWays(context, {
    row: "rest",
    name: `${CALLS} ${what === "create" ? "creations" : "pages of 50"} over gRPC, ${inFlight} at a time`,
    first: { options: { ...shared, over: "grpc" }, servers: [child] },
    second: { name: "REST", options: { ...shared, over: "rest" }, servers: [child] },
  });
}

/** What the same request and the same answer come to in bytes, headers aside. */
async function payloads(context: BenchContext, { httpPort }: ServerChild): Promise<void> {
  const url = `http://127.0.0.1:${httpPort}/v1/messages`;
  const request = { content: CONTENT, username: "user-1", client_message_id: crypto.randomUUID() };
  const json = JSON.stringify(request);
  const created = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: json });
  const page = await fetch(`${url}?limit=50`);
  const { CreateMessage, GetMessages } = messageServiceDefinition;
  const wire = CreateMessage.requestSerialize({ ...request, clientMessageId: request.client_message_id });
  const [createdText, pageText] = [await created.text(), await page.text()];
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const report = (name: string, grpc: number, rest: number) => {
    const about = { row: "rest", name: `${name}, gRPC`, unit: "bytes" };
    context.report(ratioFigure(about, [grpc], { name: "REST", runs: [rest] }));
  };
  report(
    "one creation, request and answer",
    wire.length + CreateMessage.responseSerialize(camel(createdText)).length,
    bytes(json) + bytes(createdText),
  );
  report("one page of 50, answer", GetMessages.responseSerialize(camel(pageText)).length, bytes(pageText));
}

/** REST's JSON as the protobuf codec takes it. */
// deno-lint-ignore no-explicit-any -- whatever the answer holds
function camel(json: string): any {
  return JSON.parse(
    json.replace(/"([a-z]+(?:_[a-z]+)+)":/g, (_, name: string) => `"${name.replace(/_([a-z])/g, (_, c) => c.toUpperCase())}":`),
  );
}
