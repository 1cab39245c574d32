import { assertEquals, assertThrows } from "@std/assert";
import { ANYBODY, type Caller, SCOPES, STRANGER } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { POLICY, requireAllowed, ruleOf } from "../../src/core/policy.ts";
import { allRpcs } from "../support/rpcs.ts";

const named = Object.entries(POLICY).flatMap(([service, methods]) => Object.keys(methods).map((method) => `${service}/${method}`));

Deno.test("POLICY has a row for each RPC of the protos, and none for another", () => {
  assertEquals(named.toSorted(), allRpcs().map(({ name }) => name).toSorted());
});

Deno.test("requireAllowed lets everybody through whom AUTH_MODE=none calls anybody", () => {
  for (const rpc of named) requireAllowed(ANYBODY, rpc);
});

Deno.test("requireAllowed lets strangers ask for health, and plugins show the token of their call, only", () => {
  const open = named.filter((rpc) => ruleOf(rpc) === "open");
  assertEquals(open, [
    "chat.PluginHostService/UseCapability",
    ...["Check", "List", "Watch"].map((method) => `grpc.health.v1.Health/${method}`),
  ]);
  for (const rpc of named) {
    if (open.includes(rpc)) requireAllowed(STRANGER, rpc);
    else assertEquals(assertThrows(() => requireAllowed(STRANGER, rpc), ChatError).code, "unauthenticated");
  }
});

Deno.test("requireAllowed names the scope that a known caller lacks, and is content with that one scope", () => {
  for (const rpc of named) {
    const rule = ruleOf(rpc);
    if (rule === undefined || rule === "open") continue;
    const known = (scopes: readonly (typeof SCOPES)[number][]): Caller => ({
      kind: "jwt",
      id: "jwt:ann",
      name: "ann",
      scopes: new Set(scopes),
    });
    const error = assertThrows(() => requireAllowed(known(SCOPES.filter((scope) => scope !== rule)), rpc), ChatError);
    assertEquals([error.code, error.message], ["permission_denied", `The caller jwt:ann lacks the scope ${rule}`]);
    requireAllowed(known([rule]), rpc);
  }
});

Deno.test("requireAllowed refuses an RPC that no rule is about, whoever calls", () => {
  assertEquals(assertThrows(() => requireAllowed(ANYBODY, "chat.MessageService/DropEverything"), ChatError).code, "permission_denied");
});
