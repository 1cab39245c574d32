import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { SignJWT } from "jose";
import { ChatError, MessageServiceClient, PluginServiceClient } from "../../src/clients/mod.ts";
import { archiveOf } from "../support/plugin_service.ts";
import { SplitSystem } from "../support/split_system.ts";
import { EventReader } from "../transport/rest_server.ts";

const SECRET = "a-secret-of-more-than-32-bytes-for-tests";
const utf8 = new TextEncoder();

/** A token of one user that ends after so many seconds. */
function token(sub: string, scope: string, seconds = 600): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return new SignJWT({ iss: "https://issuer.test", aud: "chat", sub, exp, scope }).setProtectedHeader({ alg: "HS256" }).sign(
    utf8.encode(SECRET),
  );
}

Deno.test("a gateway apart shows its certificate and hands its callers' tokens on: each acts in its own name, and its stream ends with its token", async (t) => {
  await using system = await SplitSystem.start({
    only: ["gateway", "message", "plugin"],
    more: {
      ...{ AUTH_MODE: "jwt", JWT_SECRET: SECRET, JWT_ISSUER: "https://issuer.test", JWT_AUDIENCE: "chat", JWT_CLOCK_SKEW_SECONDS: "0" },
      // The gateway itself may read and no more, so whatever is written is written with a caller's token.
      CERTIFICATE_CALLERS: "DNS:gateway.chat gateway messages:read; DNS:message.chat message plugins:read; " +
        "DNS:plugin.chat plugin messages:read,messages:write,messages:write_as,rooms:manage",
    },
  });
  const { url, addresses, tls } = system.place;
  const ask = async (path: string, bearer?: string, body?: unknown) => {
    const headers = { "content-type": "application/json", ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) };
    const response = await fetch(url + path, { headers, ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }) });
    return { status: response.status, body: await response.json() };
  };
  await t.step("who has a token writes under its own name alone, and may do what its scopes say", async () => {
    const ann = await token("ann", "messages:read messages:write");
    const said = await ask("/v1/messages", ann, { username: "", content: "hello" });
    assertEquals([said.status, said.body.username], [201, "ann"]);
    assertEquals((await ask("/v1/messages", ann, { username: "bob", content: "as bob" })).status, 403);
    const refused = await ask("/v1/messages", await token("eve", "messages:read"), { username: "", content: "hello" });
    assertEquals([refused.status, refused.body.code], [403, "permission_denied"]);
    assertEquals((await ask("/v1/messages")).status, 401);
  });
  await t.step("the service proves tokens itself, and a certificate without a rule opens nothing", async () => {
    const address = addresses["message"] ?? "";
    await using stranger = new MessageServiceClient({ address, tls, maxAttempts: 1 });
    const error = await assertRejects(() => stranger.getMessages(), ChatError);
    assertEquals(error.code, "unauthenticated");
    await using known = new MessageServiceClient({ address, tls, token: await token("ann", "messages:read"), maxAttempts: 1 });
    assertEquals((await known.getMessages()).messages.map(({ username }) => username), ["ann"]);
  });
  await t.step("plugins are asked about what somebody writes in that one's name, and post in their own", async () => {
    const address = addresses["plugin"] ?? "";
    await using plugins = new PluginServiceClient({ address, tls, token: await token("root", "plugins:manage") });
    const hooks = ["message.before_create", "message.after_create"].map((event) => ({ event, rooms: ["club"] }));
    const permissions = { capabilities: ["messages.post"] };
    const code = `export default { hooks: {
      "message.before_create": (draft, { username }) => ({ decision: "rewrite", draft: { content: username + " says " + draft.content } }),
      "message.after_create": async (_, { messages }) => void await messages.post({ content: "noted" }),
    } };`;
    await plugins.installPlugin({ archive: archiveOf({ name: "herald", actions: [], hooks, permissions }, code), granted: permissions });
    const root = await token("root", "messages:read messages:write rooms:manage");
    const room = await fetch(`${url}/v1/rooms/club`, {
      ...{ method: "PATCH", headers: { "content-type": "application/json", authorization: `Bearer ${root}` } },
      body: JSON.stringify({ restricted: true, members: ["ann"], replace_members: true }),
    });
    assertEquals([room.status, (await room.json()).members], [200, ["ann"]]);
    // Of its scopes writing is the only one.
    const ann = await token("ann", "messages:write");
    const write = () => ask("/v1/messages", ann, { room: "club", username: "", content: "hi" });
    let said = await write();
    for (const giveUpAt = Date.now() + 30_000; said.body.content !== "ann says hi" && Date.now() < giveUpAt;) said = await write();
    assertEquals([said.status, said.body.content, said.body.decisions[0].plugin], [201, "ann says hi", "herald"]);
    assertEquals((await ask("/v1/messages", await token("eve", "messages:write"), { room: "club", content: "hi" })).status, 403);
    assertEquals((await ask("/v1/messages", ann, { room: "club", content: "hi", via: ["herald"] })).status, 403);
    const noted = async () => (await ask("/v1/messages?room=club&username=herald", root)).body.messages;
    for (const giveUpAt = Date.now() + 30_000; (await noted()).length === 0 && Date.now() < giveUpAt;) {
      await new Promise((go) => setTimeout(go, 50));
    }
    const [note] = await noted();
    assertEquals([note.content, note.via, note.decisions], ["noted", ["herald"], undefined]);
  });
  await t.step("a stream ends with the token that it was opened with", async () => {
    const brief = await token("ann", "messages:read", 3);
    const reader = await EventReader.open(`${url}/v1/messages/stream`, { authorization: `Bearer ${brief}` });
    const last = (await reader.rest()).at(-1);
    assertEquals([last?.event, last?.data.code], ["error", "unauthenticated"]);
    assertMatch(last?.data.detail, /token has expired/);
  });
});
