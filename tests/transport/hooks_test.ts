/**
 * Plugins' say over messages through every face: gRPC, REST, event streams and WebSockets, with the plugin service apart from the message service.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { PluginServiceClient } from "../../src/clients/mod.ts";
import { RemotePluginService } from "../../src/clients/remote_plugin_service.ts";
import { RemoteMessageService } from "../../src/clients/remote_message_service.ts";
import { ChatError } from "../../src/core/errors.ts";
import { callContext } from "../support/call_context.ts";
import { type PlainPlugin, PlainPluginService, PlainRegistry } from "../support/plugins.ts";
import { SocketClient } from "../support/socket_client.ts";
import { startServer } from "./grpc_support.ts";
import { EventReader, withGateway } from "./rest_server.ts";

const warden: PlainPlugin = {
  ...{ name: "warden", hooks: [{}, { event: "command", command: "dice", action: "roll" }], actions: { roll: () => ({ text: "Six" }) } },
  hook: ({ draft }) => {
    if (draft!.content === "buy") return { decision: "drop", reason: "No advertising" };
    if (draft!.content === "why") return { decision: "respond", response: "Because" };
    return draft!.content === "darn" ? { decision: "rewrite", reason: "Rude", draft: { ...draft!, content: "****" } } : {};
  },
};
const DECISIONS = [{ plugin: "warden", version: "1.0.0", decision: "rewrite", reason: "Rude", failure: "" }];

Deno.test("what plugins decide is told alike by gRPC, REST, event streams and WebSockets, also with the plugin service apart", async () => {
  await using apart = await startServer({ services: { plugin: new PlainPluginService(new PlainRegistry(warden)) } });
  await using plugins = new RemotePluginService({ address: apart.address });
  await withGateway(async ({ origin, post, service }) => {
    await using grpc = await startServer({ service });
    await using client = new RemoteMessageService({ address: grpc.address });
    const say = (content: string) => client.createMessage({ content, username: "ann", room: "hall" }, callContext());
    // The service hears of its hooks a moment after its start.
    for (let heard = false; !heard;) heard = (await say("fine")).decisions !== undefined;
    const events = await EventReader.open(`${origin}/v1/messages/stream?room=hall`);
    const socket = await SocketClient.open(origin);
    const stored = await say("darn");
    assertEquals([stored.content, stored.decisions], ["****", DECISIONS]);
    const rest = await post({ content: "darn", username: "ann", room: "hall", via: ["other"] });
    const body = await rest.json();
    assertEquals([rest.status, body.content, body.decisions, body.via], [201, "****", DECISIONS, ["other"]]);
    const told = (await events.take(3)).filter(({ event }) => event === "created");
    assertEquals(told.map(({ data }) => [data.decisions, data.via]), [[DECISIONS, undefined], [DECISIONS, ["other"]]]);
    const page = await (await fetch(`${origin}/v1/messages?room=hall&order=newest&limit=2`)).json();
    assertEquals(page.messages.map((message: { decisions: unknown }) => message.decisions), [DECISIONS, DECISIONS]);
    for (const [content, text] of [["why", "Because"], ["/dice", "Six"]] as const) {
      const answer = await say(content);
      assertEquals([answer.id, answer.seq, answer.content, answer.username, answer.messageType], [0, 0, text, "warden", "response"]);
      const rest = await post({ content, username: "ann", room: "hall" });
      assertEquals([rest.status, rest.headers.get("location"), (await rest.json()).content], [200, null, text]);
      const { result } = await socket.ask({ type: "send", room: "hall", content, username: "ann" });
      assertEquals([result.id, result.message_type, result.content], [0, "response", text]);
    }
    const refused = await say("buy").catch((error: unknown) => error);
    assert(refused instanceof ChatError);
    const problem = await (await post({ content: "buy", username: "ann", room: "hall" })).json();
    assertEquals([refused.code, problem.status, problem.detail], ["permission_denied", 403, refused.message]);
    events.close();
    await socket.close();
  }, { message: { plugins } });
});

Deno.test("DryRunHooks and RunHooks tell over gRPC what hooks decide, and refuse events that they do not know", async () => {
  await using apart = await startServer({ services: { plugin: new PlainPluginService(new PlainRegistry(warden)) } });
  await using client = new PluginServiceClient({ address: apart.address });
  const draft = { content: "darn", username: "ann" };
  for (const ask of [client.dryRunHooks.bind(client), client.runHooks.bind(client)]) {
    const { outcome, draft: left, decisions } = await ask({ event: "message.before_create", draft });
    assertEquals([outcome, left?.content, decisions[0]?.reason], ["rewrite", "****", "Rude"]);
  }
  const dry = await client.dryRunHooks({ event: "command", draft: { ...draft, content: "/dice" } });
  assertEquals([dry.outcome, dry.decisions[0]?.reason, dry.decisions[0]?.response], ["respond", "It would run roll", ""]);
  const refused = await client.runHooks({ event: "message.before_create" }).catch((error: unknown) => error);
  assert(refused instanceof ChatError && refused.field === "draft", String(refused));
});
