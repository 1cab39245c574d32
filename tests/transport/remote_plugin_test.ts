/**
 * Plugins that are servers of their own, over real connections: what they do, and that what they do wrong harms only their caller.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { createRemoteLauncher } from "../../src/plugin/remote/launcher.ts";
import { CallTokens } from "../../src/plugin/remote/tokens.ts";
import { pluginPeers } from "../../src/roles/plugin_peers.ts";
import { within } from "../support/deadline.ts";
import { freePort } from "../support/ports.ts";
import { raw, type RemoteBehaviour, remoteManifest, RemotePlugin, statusOf } from "../support/remote_plugin.ts";
import { PATIENCE_MS, refusal, Running, toRun } from "../support/remote_runner.ts";

async function collect(outputs: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const output of outputs) all.push(output);
  return all;
}

/** One plugin and one runner for many steps. */
async function withPlugin(behaviour: RemoteBehaviour, work: (running: Running, plugin: RemotePlugin) => Promise<void>): Promise<void> {
  using plugin = await RemotePlugin.start(behaviour);
  await using running = new Running(plugin.address);
  await work(running, plugin);
}

Deno.test("RemoteRunner runs actions, streams and hooks of a plugin elsewhere", async (t) => {
  await withPlugin({}, async (running, plugin) => {
    await t.step("an action gives its output, and the plugin is told on whose behalf", async () => {
      const calls: unknown[] = [];
      plugin.behaviour = { runAction: (call) => (calls.push(call), { outputJson: `{"got": ${call.inputJson}}`, seq: 1 }) };
      assertEquals(await running.run('{"a": 1}'), '{"got": {"a": 1}}');
      const [{ caller: { token, ...caller }, ...call }] = calls as [{ caller: { token: string }; action: string; inputJson: string }];
      assertEquals(call, { action: "echo", inputJson: '{"a": 1}' });
      assertEquals(caller as unknown, { username: "ann", room: "hall", requestId: "r-1", hostAddress: "" });
      assertMatch(token, /^[A-Za-z0-9_-]{43}$/);
      assertEquals(await running.until("enabled"), { state: "enabled" });
      assertEquals(running.tokens.size, 0);
    });

    await t.step("a stream gives its outputs in order, and ends where its reader leaves", async () => {
      const ended = Promise.withResolvers<void>();
      plugin.behaviour = {
        streamAction: async function* () {
          try {
            for (let seq = 1;; seq++) yield await Promise.resolve({ outputJson: `${seq}`, seq });
          } finally {
            ended.resolve();
          }
        },
      };
      const seen: string[] = [];
      for await (const output of running.runner.streamAction("count", "{}", running.work())) if (seen.push(output) === 3) break;
      assertEquals(seen, ["1", "2", "3"]);
      await within(PATIENCE_MS, "the plugin's end of the stream", ended.promise);
      assertEquals(running.tokens.size, 0);
    });

    await t.step("a hook is asked with the draft, and its answer comes as it gave it", async () => {
      const draft = { content: "Hello", username: "ann", room: "hall", metadata: { a: "b" } };
      plugin.behaviour = {
        runHook: ({ event, draft, dryRun }) => ({
          ...{ decision: "rewrite", reason: `${event} ${dryRun}` },
          draft: { ...draft, content: draft!.content.toUpperCase() },
        }),
      };
      const answer = await running.runner.runHook({ event: "message.before_create", draft, dryRun: true }, running.work());
      assertEquals([answer.decision, answer.reason, answer.draft?.content], ["rewrite", "message.before_create true", "HELLO"]);
      assertEquals(answer.draft?.metadata, { a: "b" });
    });

    await t.step("what the plugin refuses is told in its words as its own, whatever status it chose", async () => {
      const codes: [Parameters<typeof statusOf>[0], string][] = [
        ...[["INVALID_ARGUMENT", "failed"], ["UNKNOWN", "failed"], ["INTERNAL", "failed"], ["UNAUTHENTICATED", "failed"]] as const,
        ...[["PERMISSION_DENIED", "failed"], ["UNIMPLEMENTED", "does not do what its manifest says"]] as const,
      ] as [Parameters<typeof statusOf>[0], string][];
      for (const [code, verb] of codes) {
        plugin.behaviour = { runAction: () => Promise.reject(statusOf(code, "No such\ntown")) };
        assertEquals(await refusal(running.run()), `failed_precondition: Plugin weather ${verb}: No such town`);
      }
      plugin.behaviour = { runAction: () => Promise.reject(statusOf("RESOURCE_EXHAUSTED", "Too busy")) };
      assertEquals(await refusal(running.run()), "resource_exhausted: Plugin weather has used up a limit: Too busy");
      plugin.behaviour = { runAction: () => Promise.reject(statusOf("UNAVAILABLE", "Reloading")) };
      assertEquals(await refusal(running.run()), "unavailable: Plugin weather cannot be reached: Reloading");
      plugin.behaviour = { runAction: () => Promise.reject(statusOf("ABORTED", "x".repeat(3_000))) };
      assert((await refusal(running.run())).length < 600);
    });

    await t.step("nonsense is a clear error of that one call: no JSON, wrong numbers, too much, bytes that are no message", async () => {
      const nonsense: [RemoteBehaviour["runAction"], RegExp][] = [
        [() => ({ outputJson: "{", seq: 1 }), /^failed_precondition: Plugin weather answered nonsense: its output is no JSON/],
        [() => ({ outputJson: "1", seq: 7 }), /^failed_precondition: .*its only output has number 7/],
        [() => ({ outputJson: `"${"x".repeat(20_000)}"`, seq: 1 }), /^resource_exhausted: Plugin weather gave more than the 10000 bytes/],
        [() => ({ outputJson: `"${"x".repeat(5_000_000)}"`, seq: 1 }), /^resource_exhausted: Plugin weather has used up a limit/],
        [() => raw(Uint8Array.of(0x0a, 0xff)), /^failed_precondition: .*its answer cannot be read/],
        [() => raw(Uint8Array.of(0x0a, 2, 0xc3, 0x28)), /^failed_precondition: .*its answer cannot be read/],
        [() => raw(Uint8Array.of(0x08, 1)), /^failed_precondition: .*its answer cannot be read/],
        [() => raw(crypto.getRandomValues(new Uint8Array(64)).fill(0xff, 0, 8)), /^failed_precondition: .*its answer cannot be read/],
      ];
      for (const [runAction, told] of nonsense) {
        plugin.behaviour = { runAction: runAction! };
        assertMatch(await refusal(running.run()), told);
      }
      plugin.behaviour = { runAction: () => ({}) };
      assertEquals(await running.run(), "null");
      plugin.behaviour = { runHook: () => raw(Uint8Array.of(0x2a, 1)) };
      const question = { event: "message.after_create", dryRun: false };
      assertMatch(await refusal(running.runner.runHook(question, running.work())), /its answer cannot be read/);
    });

    await t.step("a stream with wrong numbers, no JSON, or more than its limit in all ends with that error", async () => {
      const stream = (outputs: () => Iterable<unknown>) => {
        plugin.behaviour = {
          streamAction: async function* () {
            for (const output of outputs()) yield await Promise.resolve(output);
          },
        };
        return refusal(collect(running.runner.streamAction("count", "{}", running.work())));
      };
      assertMatch(await stream(() => [{ outputJson: "1", seq: 1 }, { outputJson: "2", seq: 3 }]), /its output 2 has number 3/);
      assertMatch(await stream(() => [{ outputJson: "1", seq: 1 }, { outputJson: "nope", seq: 2 }]), /its output is no JSON/);
      const flood = function* () {
        for (let seq = 1;; seq++) yield { outputJson: `"${"x".repeat(1_000)}"`, seq };
      };
      assertMatch(await stream(flood), /^resource_exhausted: .* 10000 bytes/);
      assertMatch(await stream(() => [raw(Uint8Array.of(0x10, 0x80))]), /its answer cannot be read/);
    });

    await t.step("a call that takes longer than its limit ends, also at the plugin, and so does one whose caller leaves", async () => {
      const ends: string[] = [];
      const sleep: RemoteBehaviour["runAction"] = async (call, { cancelled }) => {
        await cancelled;
        ends.push(call.inputJson);
        return {};
      };
      plugin.behaviour = { runAction: sleep };
      await using quick = new Running(plugin.address, {
        manifest: { ...remoteManifest, limits: { ...remoteManifest.limits!, callMs: 200 } },
      });
      plugin.behaviour.describe = () => ({ ...remoteManifest, limits: { ...remoteManifest.limits, callMs: 200 } });
      assertEquals(await refusal(quick.run("1")), "deadline_exceeded: Plugin weather did not answer within 200 ms");
      plugin.behaviour = { runAction: sleep };
      assertEquals(await refusal(running.run("2", { timeoutMs: 50 })), "deadline_exceeded: The time is up");
      const caller = new AbortController();
      const running3 = refusal(running.run("3", { signal: caller.signal }));
      setTimeout(() => caller.abort(new ChatError("cancelled", "The caller left")), 50);
      assertEquals(await running3, "cancelled: The caller left");
      const giveUpAt = Date.now() + PATIENCE_MS;
      while (ends.length < 3 && Date.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 5));
      assertEquals(ends.toSorted(), ["1", "2", "3"]);
      assertEquals(running.tokens.size, 0);
    });

    await t.step(
      "one that is always late is not waited for any more, and asked again after a pause; callers in a hurry say nothing about it",
      async () => {
        const limits = { ...remoteManifest.limits!, callMs: 200 };
        const quickly = { ...remoteManifest, limits };
        using slow = await RemotePlugin.start({ describe: () => quickly, runAction: (_, { cancelled }) => cancelled });
        await using running = new Running(slow.address, { manifest: quickly });
        for (let count = 0; count < 6; count++) {
          assertMatch(await refusal(running.run("{}", { timeoutMs: 5 })), /^deadline_exceeded: The time is up/);
        }
        for (let count = 0; count < 5; count++) assertMatch(await refusal(running.run()), /^deadline_exceeded: .* within 200 ms/);
        const told = await assertRejects(() => running.run(), ChatError);
        assertEquals([told.code, told.message], ["unavailable", "Plugin weather has not answered in time 5 times in a row"]);
        assert(told.retryAfterMs !== undefined && told.retryAfterMs <= 1_000);
        assertEquals(running.states.at(-1), { state: "failing", problem: told.message });
        slow.behaviour = { describe: () => quickly, runAction: ({ inputJson }) => ({ outputJson: inputJson, seq: 1 }) };
        const giveUpAt = Date.now() + PATIENCE_MS;
        let output = "";
        while (output !== "7" && Date.now() < giveUpAt) {
          output = await running.run("7").catch(() => "");
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assertEquals([output, running.states.at(-1)?.state], ["7", "enabled"]);
      },
    );

    await t.step("words of the plugin that sound like the system's are marked as its own all the same", async () => {
      plugin.behaviour = { runAction: () => Promise.reject(statusOf("PERMISSION_DENIED", "Plugin weather was not granted anything")) };
      assertEquals(await refusal(running.run()), "failed_precondition: Plugin weather failed: Plugin weather was not granted anything");
    });

    await t.step("so many calls at once, and the rest waits in order", async () => {
      let [inside, most] = [0, 0];
      plugin.behaviour = {
        runAction: async ({ inputJson }) => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setTimeout(resolve, 10));
          inside--;
          return { outputJson: inputJson, seq: 1 };
        },
      };
      const outputs = await Promise.all(Array.from({ length: 12 }, (_, index) => running.run(`${index}`)));
      assertEquals([outputs.at(-1), most], ["11", 4]);
      const many = await Promise.allSettled(Array.from({ length: 70 }, () => running.run()));
      assertEquals(many.filter((one) => one.status === "rejected").length, 2);
    });

    await t.step("once closed, what runs and what comes is told that the plugin was stopped", async () => {
      plugin.behaviour = { runAction: (_, { cancelled }) => cancelled };
      const under = refusal(running.run());
      await new Promise((resolve) => setTimeout(resolve, 20));
      await running.runner.close();
      assertEquals(await under, "unavailable: Plugin weather was stopped");
      assertEquals(await refusal(running.run()), "unavailable: Plugin weather was stopped");
    });
  });
});

Deno.test("RemoteRunner asks a plugin what it is at each connection, stops another one, and recovers by itself", async (t) => {
  const port = freePort();
  const other = { ...remoteManifest, version: "2.0.0", actions: [] };

  await t.step("nobody there: calls fail at once, and the plugin runs as soon as its server is there", async () => {
    await using running = new Running(`127.0.0.1:${port}`);
    const { problem } = await running.until("failing") as { problem: string };
    assertMatch(problem, /^Plugin weather cannot be reached: No connection to the service$/);
    assertMatch(await refusal(running.run()), /^unavailable: Plugin weather cannot be reached/);
    using _plugin = await RemotePlugin.start({}, { port });
    await running.until("enabled");
    assertEquals(await running.run("1"), "1");
  });

  await t.step("its server comes back as another one: refused in words, until the right one is there again", async () => {
    let plugin = await RemotePlugin.start({}, { port });
    await using running = new Running(plugin.address);
    assertEquals(await running.run("1"), "1");
    plugin[Symbol.dispose]();
    const reached: string[] = [];
    plugin = await RemotePlugin.start({ describe: () => other, runAction: ({ inputJson }) => (reached.push(inputJson), {}) }, { port });
    const stopped = "failed_precondition: The server of plugin weather says that it is another than the installed one: " +
      "its manifest differs in version, actions";
    const giveUpAt = Date.now() + PATIENCE_MS;
    let told = "";
    while (told !== stopped && Date.now() < giveUpAt) told = await running.run("2").catch(({ code, message }) => `${code}: ${message}`);
    assertEquals([told, reached], [stopped, []]);
    assertEquals(await running.until("failing"), { state: "failing", problem: stopped.replace("failed_precondition: ", "") });
    plugin[Symbol.dispose]();
    plugin = await RemotePlugin.start({}, { port });
    await running.until("enabled");
    assertEquals(await running.run("3"), "3");
    plugin[Symbol.dispose]();
  });

  await t.step("the same manifest in another form is the same; asked once for a connection, not for each call", async () => {
    const written = {
      ...remoteManifest,
      actions: remoteManifest.actions.map((action) => ({ ...action, inputSchemaJson: '{ "type":"object" }' })).toReversed(),
      hooks: remoteManifest.hooks.map((hook) => ({ ...hook, onFailure: "open" })),
    };
    using plugin = await RemotePlugin.start({ describe: () => written });
    await using running = new Running(plugin.address);
    for (let index = 0; index < 5; index++) await running.run();
    assertEquals(plugin.described, 1);
  });

  await t.step("check says before anything is installed whether the server is there and is the one", async () => {
    using plugin = await RemotePlugin.start();
    const tokens = new CallTokens();
    const connect = pluginPeers({});
    const launcher = createRemoteLauncher({ connect, tokens, addresses: [plugin.address, `127.0.0.1:${port}`] });
    const { signal } = new AbortController();
    await launcher.check(toRun(plugin.address, remoteManifest), signal);
    assertMatch(await refusal(launcher.check(toRun(plugin.address, other), signal)), /differs in version, actions$/);
    assertMatch(await refusal(launcher.check(toRun(`127.0.0.1:${port}`, remoteManifest), signal)), /^unavailable: .*cannot be reached/);
    assertMatch(
      await refusal(launcher.check(toRun("127.0.0.1:1", remoteManifest), signal)),
      /^failed_precondition: .*PLUGIN_REMOTE_ADDRESSES/,
    );
    plugin.behaviour = { describe: () => Promise.reject(statusOf("UNIMPLEMENTED", "What?")) };
    assertMatch(await refusal(launcher.check(toRun(plugin.address, remoteManifest), signal)), /^failed_precondition: .*What\?/);
    plugin.behaviour = { describe: () => raw(new Uint8Array(50).fill(0xfe)) };
    assertMatch(await refusal(launcher.check(toRun(plugin.address, remoteManifest), signal)), /^failed_precondition: .*cannot be read/);
  });
});

const servers: readonly (readonly [string, (line: Deno.Conn) => Promise<void>])[] = [
  ["says nothing", () => Promise.resolve()],
  ["hangs up", (line) => Promise.resolve(line.close())],
  ["speaks HTTP/1.1", async (line) => void await line.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"))],
  ["sends noise", async (line) => {
    for (let count = 0; count < 50; count++) await line.write(crypto.getRandomValues(new Uint8Array(4_096)));
  }],
  ["greets as HTTP/2 and then sends noise", async (line) => {
    await line.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
    await line.write(crypto.getRandomValues(new Uint8Array(4_096)));
  }],
  ["greets as HTTP/2 and then says nothing", async (line) => void await line.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0))],
  ["claims a frame of 16 MB", async (line) => void await line.write(Uint8Array.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 7, 7))],
];

Deno.test("RemoteRunner lives with servers that speak no gRPC, and each caller is told in time", async (t) => {
  for (const [what, speak] of servers) {
    await t.step(`a server that ${what}`, async () => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const lines = new Set<Deno.Conn>();
      const accepting = (async () => {
        for await (const line of listener) {
          lines.add(line);
          speak(line).catch(() => {});
        }
      })();
      const running = new Running(`127.0.0.1:${listener.addr.port}`);
      const told = await refusal(running.run("{}", { timeoutMs: 300 }));
      assertMatch(told, /^(unavailable: Plugin weather cannot be reached|deadline_exceeded: The time is up)/);
      await running.runner.close();
      listener.close();
      for (const line of lines) {
        try {
          line.close();
        } catch { /* closed already */ }
      }
      await accepting;
    });
  }
});
