import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { CapabilityRequest, CapabilityResponse } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { effectiveLimits } from "../../src/plugin/sandbox/limits.ts";
import { manifest, NOTHING, withPlugin, withSandboxes, work } from "../support/sandbox.ts";

const DRAFT = { content: "hello", username: "ann", room: "general", clientMessageId: "c-1" };

Deno.test("PluginRunner.runAction: gives what the action returns, in a process that is used again", async () => {
  await withPlugin(
    `let calls = 0; export default { actions: { add: ({ a, b }: any) => ({ sum: a + b, calls: ++calls }) } };`,
    async (tried) => {
      for (let n = 1; n < 20; n++) assertEquals(await tried.runner.runAction("add", `{"a":1,"b":2}`, work()), `{"sum":3,"calls":${n}}`);
      assertEquals(tried.log, []);
      assertEquals(tried.states.map(({ state }) => state), ["starting", "enabled"]);
    },
  );
});

Deno.test("PluginRunner.runAction: an error that the plugin throws is told with its sentence and is no fault", async () => {
  await withPlugin(`export default { actions: { refuse() { throw new Error("No such\\npoll"); } } };`, async ({ runner, states }) => {
    for (let n = 0; n < 8; n++) {
      const error = await assertRejects(() => runner.runAction("refuse", "{}", work()), ChatError, "Plugin tried says: No such poll");
      assertEquals(error.code, "failed_precondition");
    }
    await assertRejects(() => runner.runAction("toString", "{}", work()), ChatError, "It has no action toString");
    assert(states.every(({ state }) => state !== "failing"));
  });
});

Deno.test("PluginRunner.streamAction: gives outputs in order, and whoever leaves ends the generator", async () => {
  const code = `let left = 0; export default { actions: {
    async *count({ to }: any) { try { for (let n = 1; n <= to; n++) { yield { n }; await new Promise((go) => setTimeout(go, 1)); } } finally { left++; } },
    left: () => left,
  } };`;
  await withPlugin(code, async ({ runner }) => {
    assertEquals(await Array.fromAsync(runner.streamAction("count", `{"to":3}`, work())), [`{"n":1}`, `{"n":2}`, `{"n":3}`]);
    for await (const output of runner.streamAction("count", `{"to":100000}`, work())) {
      if (output === `{"n":2}`) break;
    }
    assertEquals(await runner.runAction("left", "{}", work()), "2");
  }, { limits: { ...effectiveLimits({}), concurrency: 1 } });
});

Deno.test("PluginRunner.runHook: takes of an answer what a hook may say, and nothing else", async () => {
  const code = `export default { hooks: {
    "message.before_create": (draft: any) => ({ decision: "rewrite", reason: "Better so", durationMs: -1, plugin: "other",
      draft: { ...draft, content: draft.content + "!", username: "root", room: "secret", clientMessageId: "x", metadata: JSON.parse('{"__proto__":"odd"}') } }),
    "message.after_create": () => 5,
  } };`;
  await withPlugin(code, async ({ runner }) => {
    const answer = await runner.runHook({ event: "message.before_create", draft: DRAFT, dryRun: false }, work());
    assertEquals({ ...answer, draft: undefined }, { decision: "rewrite", reason: "Better so", response: "", draft: undefined });
    const { metadata, ...draft } = answer.draft!;
    assertEquals(draft, { ...DRAFT, content: "hello!" });
    assertEquals(Object.entries(metadata!), [["__proto__", "odd"]]);
    const after = await runner.runHook({ event: "message.after_create", dryRun: false }, work());
    assertEquals(after, { decision: "", reason: "", response: "" });
  });
  await withPlugin(`export default { hooks: { "message.before_create": () => ({ decision: 7 }) } };`, async ({ runner }) => {
    const error = await assertRejects(
      () => runner.runHook({ event: "message.before_create", draft: DRAFT, dryRun: true }, work()),
      ChatError,
    );
    assertMatch(error.message, /gave no answer that a hook can give: Field `decision` must be text$/);
  });
});

Deno.test("PluginContext: asks the system by its capabilities, and hears its refusals", async () => {
  const code = `export default { actions: { async ask(_: unknown, context: any) {
    const { totalCount } = await context.messages.read({ limit: 1, nonsense: 1 });
    const refused = await context.messages.post({ content: "hi", username: "root" }).catch((error: any) => error.code + ": " + error.message);
    const odd = await context.messages.post({ content: 5 }).catch((error: any) => error.code);
    const value = await context.storage.get("key");
    context.log.info("asked", { totalCount });
    console.log("done");
    return { totalCount, refused, odd, value, who: context.username + "@" + context.room };
  } } };`;
  const asked: CapabilityRequest[] = [];
  const use = (request: CapabilityRequest): Promise<CapabilityResponse> => {
    asked.push(request);
    if (request.readMessages !== undefined) {
      return Promise.resolve({ messages: { messages: [], totalCount: 7, hasMore: false, nextSeq: 0, headSeq: 0 } });
    }
    if (request.storage !== undefined) {
      return Promise.resolve({ storage: { success: true, entries: [{ key: "key", value: "v", version: 2 }], hasMore: false } });
    }
    return Promise.reject(new ChatError("permission_denied", "Not granted"));
  };
  await withPlugin(code, async ({ runner, log }) => {
    const output = JSON.parse(await runner.runAction("ask", "{}", work({ use })));
    const value = { key: "key", value: "v", version: 2 };
    assertEquals(output, { totalCount: 7, refused: "permission_denied: Not granted", odd: "invalid_argument", value, who: "ann@general" });
    assertEquals(asked, [
      { readMessages: { limit: 1, room: "general" } },
      { postMessage: { content: "hi", room: "general", username: "" } },
      { storage: { operation: "get", key: "key" } },
    ]);
    assertEquals(log, [
      { level: "info", text: "asked { totalCount: 7 }", requestId: "request-1" },
      { level: "info", text: "done", requestId: "request-1" },
    ]);
  });
});

Deno.test("PluginContext: nothing that a console can do harms its plugin, and no error tells where the server keeps its things", async () => {
  const code = `export default { actions: {
    console() { for (const name of Object.keys(console)) (console as any)[name](name); console.assert(true, "never"); },
    async folder(_: unknown, { dataDir }: any) { console.log(new Error("logged").stack); await Deno.readTextFile(dataDir + "/none"); },
    stack() { throw new Error(new Error().stack); },
  } };`;
  await withPlugin(code, async ({ runner, log, states, sandboxes }) => {
    await runner.runAction("console", "{}", work());
    const lines = log.map(({ text }) => text);
    assertEquals(["clear", "dirxml", "log", "never", "time", "trace"].filter((text) => lines.includes(text)), ["dirxml", "log", "trace"]);
    const errors = await Promise.all(
      ["folder", "stack"].map((name) => assertRejects(() => runner.runAction(name, "{}", work()), ChatError)),
    );
    const said = [...errors.map(({ message }) => message), ...log.map(({ text }) => text)].join("\n");
    assertMatch(said, /No such file[^\n]*'dataDir\/none'/);
    assertMatch(said, /the plugin's module:4:/);
    for (const place of [sandboxes.dataDir("tried"), import.meta.dirname!.replace("tests/contract", "src")]) {
      assert(!said.includes(place), said);
    }
    assert(!states.some(({ state }) => state === "failing"));
  }, { granted: { ...NOTHING, data: true } });
});

Deno.test("PluginRunner: one process works on one call, the next ones wait in order, and too many are refused", async () => {
  const code = `let running = 0; export default { actions: { async wait({ n }: any) {
    if (++running > 1) throw new Error("Two at once");
    await new Promise((go) => setTimeout(go, 2));
    running--;
    return n;
  } } };`;
  await withPlugin(code, async ({ runner }) => {
    const calls = Array.from({ length: 80 }, (_, n) => runner.runAction("wait", `{"n":${n}}`, work()));
    const ends = await Promise.allSettled(calls);
    const given = ends.flatMap((end) => end.status === "fulfilled" ? [Number(end.value)] : []);
    assertEquals(given, Array.from({ length: 64 }, (_, n) => n));
    const [refused] = ends.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
    assertEquals([refused.code, refused.message], ["resource_exhausted", "Plugin tried has 64 calls waiting already"]);
  }, { limits: { ...effectiveLimits({}), concurrency: 1 } });
});

Deno.test("PluginRunner: a call that its caller ends stops the plugin, which is no fault, and a deaf one is ended", async () => {
  const code = `export default { actions: {
    listen: (_: unknown, { signal }: any) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason))),
    deaf: () => new Promise(() => setInterval(() => {}, 1)),
    pid: () => Deno.pid,
  } };`;
  await withPlugin(code, async ({ runner, states }) => {
    const pid = await runner.runAction("pid", "{}", work());
    for (const action of ["listen", "deaf"]) {
      const caller = new AbortController();
      const call = runner.runAction(action, "{}", work({ signal: caller.signal }));
      setTimeout(() => caller.abort(new ChatError("deadline_exceeded", "Too late")), 30);
      const error = await assertRejects(() => call, ChatError, "Too late");
      assertEquals(error.code, "deadline_exceeded");
      assertEquals(await runner.runAction("pid", "{}", work()) === pid, action === "listen");
    }
    assert(states.every(({ state }) => state !== "failing"));
  }, { limits: { ...effectiveLimits({}), concurrency: 1 } });
});

Deno.test("PluginRunner: signals that the server's whole group gets, such as Ctrl-C, leave its plugins to the server", async () => {
  await withPlugin(`export default { actions: { pid: () => Deno.pid } };`, async ({ runner, states }) => {
    const pid = Number(await runner.runAction("pid", "{}", work()));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
      Deno.kill(pid, signal);
      assertEquals(await runner.runAction("pid", "{}", work()), String(pid));
    }
    assert(states.every(({ state }) => state !== "failing"));
  });
});

Deno.test("PluginRunner: a process that ends takes one call with it, and after too many the plugin is disabled", async () => {
  const code =
    `export default { actions: { wait: (ms: number) => new Promise((go) => setTimeout(() => go("done"), ms)), exit: () => Deno.exit(3) } };`;
  await withPlugin(code, async ({ runner, states }) => {
    const waiting = runner.runAction("wait", "300", work());
    for (let fault = 1; fault <= 3; fault++) {
      const error = await assertRejects(
        () => runner.runAction("exit", "null", work()),
        ChatError,
        "Plugin tried ended itself with exit code 3",
      );
      assertEquals(error.code, "unavailable");
      if (fault === 1) assertEquals(await waiting, `"done"`);
    }
    const problem = "Plugin tried ended itself with exit code 3; after 3 failures in a row it is not restarted any more";
    assertEquals(states.at(-1), { state: "disabled", problem });
    const error = await assertRejects(() => runner.runAction("wait", "0", work()), ChatError);
    assertEquals(error.code, "failed_precondition");
  }, { supervision: { disableAfter: 3, pauseMs: 0 } });
});

Deno.test("PluginRunner: a process that leaks is replaced between two calls", async () => {
  const code =
    `const all: Uint8Array[] = []; export default { actions: { leak() { all.push(new Uint8Array(300_000).fill(1)); return Deno.pid; } } };`;
  await withPlugin(code, async ({ runner, states }) => {
    const pids = new Set<string>();
    for (let call = 0; call < 500; call++) pids.add(await runner.runAction("leak", "{}", work()));
    assert(pids.size > 1);
    assert(states.every(({ state }) => state !== "failing"));
  }, { limits: { ...effectiveLimits({}), memoryBytes: 64 * 1024 * 1024, concurrency: 1 } });
});

Deno.test("Sandboxes: processes of all plugins together are limited, and an idle one makes room for another plugin's", async () => {
  await withSandboxes(async (sandboxes) => {
    const listener = { onLog() {}, onState() {} };
    const make = (name: string) =>
      sandboxes.createRunner({
        manifest: manifest({ name }),
        granted: NOTHING,
        code: { text: `export default { actions: { me: () => "${name}" } };`, language: "javascript" },
      }, listener);
    const runners = await Promise.all(["one", "two", "three"].map(make));
    for (let round = 0; round < 2; round++) {
      assertEquals(await Promise.all(runners.map((runner) => runner.runAction("me", "{}", work()))), [`"one"`, `"two"`, `"three"`]);
    }
    await Promise.all(runners.map((runner) => runner.close()));
    const error = await assertRejects(() => runners[0]!.runAction("me", "{}", work()), ChatError);
    assertEquals(error.code, "unavailable");
  }, 1);
});

Deno.test("Sandboxes.check: tells in what a module is not what its manifest declares, and why it cannot be loaded", async () => {
  const action = (name: string, streams = false) => ({
    name,
    description: "",
    inputSchemaJson: "",
    outputSchemaJson: "",
    streams,
    readOnly: false,
  });
  const hook = { event: "message.before_create", order: 0, onFailure: "", action: "", command: "", cron: "", rooms: [], timeoutMs: 0 };
  const declared = manifest({ actions: [action("one"), action("many", true)], hooks: [hook] });
  const check = (text: string) =>
    withSandboxes((sandboxes) =>
      sandboxes.check({ manifest: declared, granted: NOTHING, code: { text, language: "typescript" } }, new AbortController().signal)
    );
  await check(`export default { actions: { one: (input: string) => input, async *many() {} }, hooks: { "message.before_create"() {} } };`);
  for (
    const [code, problem] of [
      [`export const other = 1;`, /no default export/],
      [
        `export default { actions: { one: 5, many() {} } };`,
        /no function actions\.one.*many streams and must be an async generator.*no function hooks/,
      ],
      [`export default {`, /cannot be loaded/],
      [`throw new Error("Not today");`, /cannot be loaded: Not today/],
      [`Deno.exit(3);`, /ended itself with exit code 3/],
    ] as const
  ) {
    const error = await assertRejects(() => check(code), ChatError);
    assertEquals(error.code, "failed_precondition");
    assertMatch(error.message, problem);
  }
});
