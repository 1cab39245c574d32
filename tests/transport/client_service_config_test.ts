import { assertEquals, assertGreater, assertLess, assertRejects, assertThrows } from "@std/assert";
import { ChatError, MessageServiceClient, type ServiceConfig } from "../../src/clients/mod.ts";
import { status } from "../../src/wire/grpc_js.ts";
import { startTestServer, TestLog } from "./client_server.ts";

type Callback = (error: { code: number; details: string }) => void;

const service = "chat.MessageService";
const retryPolicy = {
  ...{ maxAttempts: 4, initialBackoff: "0.002s", maxBackoff: "1s", backoffMultiplier: 1 },
  retryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
};
const config: ServiceConfig = {
  methodConfig: [
    { name: [{}], timeout: "0.2s" },
    { name: [{ service }], retryPolicy: { ...retryPolicy, maxAttempts: 2 } },
    { name: [{ service, method: "GetMessage" }, { service, method: "UpdateMessage" }, { service, method: "GetMessages" }], retryPolicy },
  ],
};

Deno.test("serviceConfig says of each method how often and after what it is repeated, and never of one that may not be", async () => {
  const attempts: Record<string, number> = {};
  const failing = (name: string, code: number) => (_call: unknown, callback: Callback) => {
    attempts[name] = (attempts[name] ?? 0) + 1;
    callback({ code, details: "Not now" });
  };
  const server = await startTestServer(new TestLog(), {
    handlers: {
      GetMessage: failing("GetMessage", status.UNAVAILABLE),
      GetMessages: failing("GetMessages", status.RESOURCE_EXHAUSTED),
      ListRevisions: failing("ListRevisions", status.UNAVAILABLE),
      UpdateMessage: failing("UpdateMessage", status.UNAVAILABLE),
      DeleteMessage: failing("DeleteMessage", status.NOT_FOUND),
    },
  });
  try {
    await using client = new MessageServiceClient({ address: server.address, serviceConfig: config });
    const calls = [
      () => client.getMessage({ id: 1 }),
      () => client.getMessages(),
      () => client.listRevisions({ id: 1 }),
      () => client.updateMessage({ id: 1, content: "a" }),
      () => client.deleteMessage({ id: 1 }),
    ];
    for (const call of calls) await assertRejects(call, ChatError);
    assertEquals(attempts, { GetMessage: 4, GetMessages: 4, ListRevisions: 2, UpdateMessage: 1, DeleteMessage: 1 });
  } finally {
    server.stopHard();
  }
});

Deno.test("serviceConfig's timeout stands in for deadlineMs, and a call's own goes before it", async () => {
  const server = await startTestServer(new TestLog(), { handlers: { GetMessage: () => {} } });
  try {
    await using client = new MessageServiceClient({
      address: server.address,
      serviceConfig: { methodConfig: [{ name: [{ service }], timeout: "0.15s" }] },
    });
    for (const [options, least] of [[{}, 140], [{ deadlineMs: 400 }, 390]] as const) {
      const startedAtMs = performance.now();
      assertEquals((await assertRejects(() => client.getMessage({ id: 1 }, options), ChatError)).code, "deadline_exceeded");
      assertGreater(performance.now() - startedAtMs, least);
      assertLess(performance.now() - startedAtMs, 9_000);
    }
  } finally {
    server.stopHard();
  }
});

Deno.test("serviceConfig is refused in words where it makes no sense", () => {
  const problems: readonly (readonly [ServiceConfig, string])[] = [
    [{ methodConfig: [{ name: [{}], timeout: "150ms" }] }, 'timeout must be a time of at least a millisecond such as 0.1s, got "150ms"'],
    [{ methodConfig: [{ name: [{ method: "A" }] }] }, 'name must have a service where it has a method, got "A"'],
    [
      { methodConfig: [{ name: [{}], retryPolicy: { ...retryPolicy, maxAttempts: 1 } }] },
      "maxAttempts must be a whole number of 2 to 1000, got 1",
    ],
    [
      { methodConfig: [{ name: [{}], retryPolicy: { ...retryPolicy, backoffMultiplier: 0 } }] },
      "backoffMultiplier must be 1 or more, got 0",
    ],
    [
      { methodConfig: [{ name: [{}], retryPolicy: { ...retryPolicy, retryableStatusCodes: ["OK"] } }] },
      'retryableStatusCodes must be some of UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED, DEADLINE_EXCEEDED, CANCELLED, INTERNAL, got "OK"',
    ],
  ];
  for (const [serviceConfig, text] of problems) {
    const refused = assertThrows(() => new MessageServiceClient({ serviceConfig }), ChatError);
    assertEquals([refused.code, refused.message], ["invalid_argument", `Option \`serviceConfig\`: ${text}`]);
  }
});
