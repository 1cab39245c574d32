/**
 * Asking hooks: order, what may be rewritten, failures, times, nonsense, and who may ask.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { Message, RunHooksRequest } from "../../src/contracts/mod.ts";
import { type Caller, type Scope, SCOPES } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { HookRunner } from "../../src/plugin/hooks/hook_runner.ts";
import type { HookAnswer } from "../../src/plugin/runner.ts";
import { callContext } from "../support/call_context.ts";
import { testLog } from "../support/log.ts";
import { plainAction, type PlainPlugin, PlainRegistry, postingHost } from "../support/plugins.ts";

const event = "message.before_create";
const draft = { content: "a b", username: "ann", room: "kitchen" };
const noHost = postingHost(() => {
  throw new Error("Nobody posts here");
});

function runner(...plugins: readonly PlainPlugin[]): HookRunner {
  return new HookRunner({ registry: new PlainRegistry(...plugins), openHost: noHost, log: testLog(), runAction: plainAction(noHost) });
}

function run(plugins: readonly PlainPlugin[], request: Partial<RunHooksRequest> = {}, caller?: Caller) {
  return runner(...plugins).run({ event, draft, ...request }, callContext(caller && { caller }), { dryRun: false });
}

/** Adds a letter to what it is asked about. */
function adds(letter: string, hook: PlainPlugin["hooks"][number] = {}): PlainPlugin {
  return {
    name: `adds-${letter}`,
    hooks: [hook],
    hook: ({ draft }) => ({ decision: "rewrite", reason: letter, draft: { ...draft!, content: draft!.content + letter } }),
  };
}

function callerWith(...scopes: readonly Scope[]): Caller {
  return { kind: "api_key", id: "key:k", name: "ann", scopes: new Set(scopes) };
}

const stuck: PlainPlugin["hook"] = () => new Promise(() => {});

Deno.test("HookRunner.run asks hooks in their order, each about what those before it have left", async () => {
  const { outcome, draft, decisions } = await run([adds("z", { order: 1 }), adds("y", { order: 2 }), adds("x", { order: 2 }), {
    ...{ name: "last", hooks: [{ order: 3 }], hook: () => ({ decision: "", reason: "fine" }) },
  }]);
  assertEquals([outcome, draft?.content], ["rewrite", "a bzxy"]);
  assertEquals(decisions.map(({ plugin, decision, reason }) => [plugin, decision, reason]), [
    ...["z", "x", "y"].map((letter) => [`adds-${letter}`, "rewrite", letter]),
    ["last", "allow", "fine"],
  ]);
});

Deno.test("HookRunner.run ends at the first hook that drops or responds", async () => {
  const drops = { name: "b", hooks: [{ order: 1 }], hook: () => ({ decision: "drop", reason: "No" }) };
  const responds = { name: "a", hooks: [{}], hook: () => ({ decision: "respond", response: "Ask me later" }) };
  const dropped = await run([drops, adds("x", { order: 2 })]);
  assertEquals([dropped.outcome, dropped.decisions.length, dropped.decisions[0]?.reason], ["drop", 1, "No"]);
  const responded = await run([responds, drops]);
  assertEquals([responded.outcome, responded.decisions.map(({ response }) => response)], ["respond", ["Ask me later"]]);
});

Deno.test("HookRunner.run passes over hooks of other rooms and of plugins that the message comes from", async () => {
  const plugins = [
    adds("x", { rooms: ["hall"] }),
    adds("y", { rooms: ["hall", "kitchen"] }),
    { ...adds("z"), granted: { rooms: ["hall"] } },
    { ...adds("w"), granted: { rooms: ["*"] } },
    adds("v"),
  ];
  const { decisions } = await run(plugins, { via: ["adds-v", "other"] });
  assertEquals(decisions.map(({ plugin }) => plugin), ["adds-w", "adds-y"]);
});

Deno.test("HookRunner.run lets a hook that fails or is late decide as its on_failure says, and does not wait for it", async () => {
  const fails: PlainPlugin["hook"] = () => Promise.reject(new ChatError("failed_precondition", "It broke"));
  const open = await run([
    { name: "crash", hooks: [{}], hook: () => Promise.reject(new TypeError("secret")) },
    { name: "fails", hooks: [{}], hook: fails },
    { name: "late", hooks: [{ timeoutMs: 20 }], hook: stuck },
    adds("x", { order: 9 }),
  ]);
  assertEquals([open.outcome, open.draft?.content], ["rewrite", "a bx"]);
  assertEquals(open.decisions.map(({ decision, failure }) => [decision, failure]), [
    ["allow", "It failed for a reason that only the log knows"],
    ["allow", "It broke"],
    ["allow", "The plugin took longer than 20 ms"],
    ["rewrite", ""],
  ]);
  for (const hook of [fails, stuck]) {
    const closed = await run([{ name: "shut", hooks: [{ onFailure: "closed", timeoutMs: 20 }], hook }, adds("x", { order: 9 })]);
    assertEquals([closed.outcome, closed.decisions.length], ["drop", 1]);
    assert(closed.decisions[0]?.failure !== "");
  }
});

Deno.test("HookRunner.run ends a late hook's work by its signal, and throws at the end of the call itself", async () => {
  const seen: string[] = [];
  const late: PlainPlugin["hook"] = (_, { signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        seen.push((signal.reason as ChatError).code);
        reject(signal.reason);
      })
    );
  await run([{ name: "late", hooks: [{ timeoutMs: 20 }], hook: late }]);
  assertEquals(seen, ["deadline_exceeded"]);
  const stop = new AbortController();
  const running = runner({ name: "late", hooks: [{}], hook: late }).run({ event, draft }, callContext({ signal: stop.signal }), {
    dryRun: false,
  });
  stop.abort(new ChatError("cancelled", "Gone"));
  await assertRejects(() => running, ChatError, "Gone");
});

Deno.test("HookRunner.run takes a rewrite of content, type and metadata, and of nothing else", async () => {
  const rewrites = (draft: unknown) => [{ name: "r", hooks: [{}], hook: () => ({ decision: "rewrite", draft: draft as never }) }];
  const { draft: left } = await run(rewrites({ content: "c", messageType: "note", metadata: { a: "b" }, more: 1 }));
  assertEquals(left, {
    ...{ content: "c", username: "ann", messageType: "note", metadata: { a: "b" }, room: "kitchen", clientMessageId: "" },
  });
  const kept = await run(rewrites({ content: "c", username: "", room: "kitchen" }), { draft: { ...draft, metadata: { k: "v" } } });
  assertEquals([kept.draft?.metadata, kept.draft?.messageType], [{ k: "v" }, "text"]);
  for (
    const wrong of [
      ...[undefined, null, 3, {}, { content: "" }, { content: "a\0" }, { content: "x".repeat(65_537) }].map((one) => one),
      ...[{ username: "bob" }, { room: "hall" }, { clientMessageId: "k" }, { via: ["a"] }].map((one) => ({ content: "c", ...one })),
      ...[["a"], { a: 1 }, "text"].map((metadata) => ({ content: "c", metadata })),
    ]
  ) {
    const { outcome, decisions } = await run(rewrites(wrong));
    if (wrong !== undefined && wrong !== null && Object.keys(wrong).length === 0) continue;
    assertEquals(outcome, "allow", JSON.stringify(wrong));
    assert(decisions[0]?.failure.startsWith("The answer makes no sense: "), JSON.stringify([wrong, decisions]));
  }
});

Deno.test("HookRunner.run takes any nonsense for a failure, whatever a plugin answers", async () => {
  const decisions = fc.constantFrom("", "allow", "rewrite", "drop", "respond", "ALLOW", "__proto__");
  const answers = fc.oneof(
    fc.anything(),
    fc.record({ decision: fc.oneof(decisions, fc.anything()), reason: fc.anything(), draft: fc.anything(), response: fc.anything() }),
    fc.record({ decision: decisions, reason: fc.string(), draft: fc.record({ content: fc.string(), metadata: fc.anything() }) }),
  );
  await fc.assert(
    fc.asyncProperty(answers, async (answer) => {
      const registry = new PlainRegistry({ name: "odd", hooks: [{ onFailure: "closed" }] });
      const active = registry.find("odd")!;
      Object.assign(active.runner, { runHook: () => Promise.resolve(answer as HookAnswer) });
      const hooks = new HookRunner({ registry, openHost: noHost, log: testLog(), runAction: plainAction(noHost) });
      const { outcome, decisions } = await hooks.run({ event, draft }, callContext(), { dryRun: false });
      assert(["allow", "rewrite", "drop", "respond"].includes(outcome));
      const [decision] = decisions;
      assert(decision !== undefined && typeof decision.reason === "string" && typeof decision.response === "string");
      assert(decision.failure === "" || decision.decision === "drop");
      assert(decision.failure !== "It failed for a reason that only the log knows", "the check itself never breaks");
    }),
    { numRuns: 300 },
  );
});

Deno.test("HookRunner.run keeps callers to what they could do by writing", async () => {
  const writer = callerWith("messages:write");
  const refused = (request: Partial<RunHooksRequest>, caller: Caller) => assertRejects(() => run([], request, caller), ChatError);
  assertEquals((await run([], {}, writer)).outcome, "allow");
  assertEquals((await refused({ draft: { ...draft, username: "bob" } }, writer)).code, "permission_denied");
  assertEquals((await refused({}, { ...writer, rooms: new Set(["hall"]) })).code, "permission_denied");
  const moderator = callerWith("messages:moderate");
  assertEquals((await run([], { draft: { ...draft, username: "bob" }, via: ["other"] }, moderator)).outcome, "allow");
  assertEquals((await refused({ event: "command", draft: { ...draft, username: "bob" } }, moderator)).code, "permission_denied");
  // Else what the command posts would go past the hooks of that plugin.
  for (const event of ["command", "message.before_create"]) {
    assertEquals((await refused({ event, via: ["other"] }, writer)).message, "The caller key:k lacks the scope messages:write_as");
  }
  const message = { ...draft, id: 1 } as Message;
  assertEquals((await refused({ event: "message.after_create", message }, writer)).code, "permission_denied");
  for (const wrong of [{ event: "schedule" }, { event: "" }, { draft: { ...draft, content: "" } }, { via: Array(17).fill("a") }]) {
    assertEquals((await refused(wrong, { ...writer, scopes: new Set(SCOPES) })).code, "invalid_argument");
  }
});

Deno.test("HookRunner.run tells every hook of an event after the fact, and none in a dry run, which only names them", async () => {
  const told: string[] = [];
  const tells = (name: string) => ({
    ...{
      name,
      hooks: [{ event: "message.after_delete" }],
      hook: (question: { readonly dryRun: boolean }) => (told.push(`${name} ${question.dryRun}`), {}),
    },
  });
  const hooks = runner(tells("a"), tells("b"), { name: "c", hooks: [{ event: "message.after_create" }], hook: stuck });
  const message = { ...draft, id: 1 } as Message;
  const run = async (dryRun: boolean) => {
    const { decisions } = await hooks.run({ event: "message.after_delete", message }, callContext(), { dryRun });
    return [[...told], decisions.map(({ plugin, reason }) => [plugin, reason])];
  };
  assertEquals(await run(true), [[], [["a", "It would be told"], ["b", "It would be told"]]]);
  assertEquals(await run(false), [["a false", "b false"], [["a", ""], ["b", ""]]]);
  const own = await hooks.run({ event: "message.after_delete", message: { ...message, username: "a", via: ["b"] } }, callContext(), {
    dryRun: true,
  });
  assertEquals(own.decisions, [], "nobody is told of its own work");
});

Deno.test("HookRunner.run runs a command's action and gives its text; what is no command it lets pass", async () => {
  const actions = {
    roll: (input: unknown) => ({ text: JSON.stringify(input), more: 1 }),
    plain: () => "Just text",
    data: () => ({ a: 1 }),
    fails: () => Promise.reject(new ChatError("failed_precondition", "No dice")),
  };
  const hooks = Object.keys(actions).map((action) => ({ event: "command", command: action, action }));
  const say = async (content: string) => {
    const { outcome, decisions } = await run([{ name: "dice", hooks, actions }], { event: "command", draft: { ...draft, content } });
    return [outcome, decisions[0]?.response];
  };
  assertEquals(await say("/roll  2 d6 \n"), ["respond", JSON.stringify({ args: "2 d6", text: "/roll  2 d6 \n" })]);
  assertEquals(await say("/ROLL"), ["respond", JSON.stringify({ args: "", text: "/ROLL" })]);
  assertEquals(await say("/plain"), ["respond", "Just text"]);
  assertEquals(await say("/data x"), ["respond", '{"a":1}']);
  for (const other of ["/rolls", " /roll", "roll", "/", "//roll", "/roll/2"]) assertEquals(await say(other), ["allow", undefined]);
  await assertRejects(() => say("/fails"), ChatError, "No dice");
});
