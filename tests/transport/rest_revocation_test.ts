import { assertEquals, assertMatch } from "@std/assert";
import { testKeys } from "../support/auth.ts";
import { EventReader, withGateway, within } from "./rest_server.ts";

/** The promise is 5 s; a busy machine has some more. */
const PATIENCE_MS = 15_000;

Deno.test("a revoked key ends the event stream of its cookie and the WebSocket of its subprotocol, and nobody else's", async () => {
  await using keys = await testKeys();
  await withGateway(async ({ origin, gateway: { port } }) => {
    const key = await keys.make(["messages:read"]);
    const other = await keys.make(["messages:read"]);
    const stream = await EventReader.open(`${origin}/v1/messages/stream`, { cookie: `chat_session=${key}` });
    const bystander = await EventReader.open(`${origin}/v1/messages/stream`, { authorization: `Bearer ${other}` });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, ["chat.v1", `bearer.${key}`]);
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<CloseEvent>();
    socket.onopen = () => opened.resolve();
    socket.onclose = (event) => closed.resolve(event);
    await within(PATIENCE_MS, opened.promise);
    assertEquals(socket.protocol, "chat.v1", "the token is not sent back");
    await keys.revoke(key);
    const last = (await within(PATIENCE_MS, stream.rest())).at(-1);
    assertEquals([last?.event, last?.data.code], ["error", "unauthenticated"]);
    assertMatch(last?.data.detail, /was revoked/);
    const { code } = await within(PATIENCE_MS, closed.promise);
    assertEquals(code >= 1_000, true, `${code}`);
    assertEquals((await bystander.take(1))[0]?.event, "ready");
    bystander.close();
  }, { authenticator: keys.authenticator });
});
