import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { SignJWT } from "jose";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
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
    only: ["gateway", "message"],
    more: {
      ...{ AUTH_MODE: "jwt", JWT_SECRET: SECRET, JWT_ISSUER: "https://issuer.test", JWT_AUDIENCE: "chat", JWT_CLOCK_SKEW_SECONDS: "0" },
      // The gateway itself may read and no more, so whatever is written is written with a caller's token.
      CERTIFICATE_CALLERS: "DNS:gateway.chat gateway messages:read",
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
  await t.step("a stream ends with the token that it was opened with", async () => {
    const brief = await token("ann", "messages:read", 3);
    const reader = await EventReader.open(`${url}/v1/messages/stream`, { authorization: `Bearer ${brief}` });
    const last = (await reader.rest()).at(-1);
    assertEquals([last?.event, last?.data.code], ["error", "unauthenticated"]);
    assertMatch(last?.data.detail, /token has expired/);
  });
});
