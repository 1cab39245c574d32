import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { resolveOptions } from "../../src/clients/options.ts";
import { authorizationFor } from "../../src/clients/token.ts";
import { ChatError } from "../../src/core/errors.ts";

Deno.test("a client refuses to send a token in the clear to another machine, unless it is told that it may", () => {
  for (const address of ["chat.example:1", "10.0.0.1:1", "[fe80::1]:1", "dns:///chat:1", ["127.0.0.1:1", "other:1"]]) {
    const error = assertThrows(() => resolveOptions({ address, token: "secret-token" }), ChatError);
    assertMatch(error.message, /^A token would travel in the clear to /);
    resolveOptions({ address, token: "secret-token", tls: {} });
    resolveOptions({ address, token: "secret-token", allowPlaintextToken: true });
    const handed = assertThrows(() => authorizationFor(resolveOptions({ address }), "Bearer x"), ChatError);
    assertEquals(handed.code, "failed_precondition");
  }
  for (const address of ["127.0.0.1:1", "localhost:1", "[::1]:1"]) resolveOptions({ address, token: "secret-token" });
});

Deno.test("a client takes no token that a header cannot carry, and does not repeat it", () => {
  for (const token of ["", "a b", "a\nb", "ä", "x".repeat(8_193)]) {
    const error = assertThrows(() => resolveOptions({ token }), ChatError);
    assertMatch(error.message, /^Option `token` must be 1 to 8192 printable ASCII characters without spaces, got something else$/);
  }
});

Deno.test("authorizationFor asks a source for each call, and says of one that fails that there is no token", async () => {
  let asked = 0;
  const options = resolveOptions({ token: () => Promise.resolve(`token-${++asked}`) });
  assertEquals([await authorizationFor(options, undefined), await authorizationFor(options, undefined)], [
    "Bearer token-1",
    "Bearer token-2",
  ]);
  assertEquals(authorizationFor(options, "Bearer other"), "Bearer other");
  assertEquals(authorizationFor(resolveOptions({}), undefined), undefined);
  const failing = resolveOptions({ token: () => Promise.reject(new Error("secret")) });
  const error = await assertRejects(async () => await authorizationFor(failing, undefined), ChatError);
  assertEquals([error.code, error.message], ["unauthenticated", "The client's token could not be had"]);
});
