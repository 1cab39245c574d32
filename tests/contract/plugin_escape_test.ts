import { createSocket } from "node:dgram";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { removeFolder } from "../../src/plugin/plugin_folder.ts";
import type { PluginRunner } from "../../src/plugin/runner.ts";
import { effectiveLimits } from "../../src/plugin/sandbox/limits.ts";
import type { Sandboxes } from "../../src/plugin/sandbox/sandboxes.ts";
import {
  EXCESSES,
  FILES,
  HANGS,
  hostileModule,
  IMPORTS,
  LOGGED_GIGABYTE,
  LOOP_IN_WORKER,
  LOOPS,
  NETWORK,
  STREAMED_GIGABYTE,
  SYSTEM,
  type Targets,
  WORKER_WITH_MORE,
  WORKERS,
} from "../support/escapes.ts";
import { manifest, NOTHING, withPlugin, withSandboxes, work } from "../support/sandbox.ts";

const REFUSED = { ...FILES, ...SYSTEM, ...NETWORK, ...IMPORTS };
const SECRET = "the-servers-secret";

/** Runs a test beside things worth attacking; counts who came to them. */
async function withTargets(test: (targets: Targets, sandboxes: Sandboxes) => Promise<void>): Promise<void> {
  await withSandboxes(async (sandboxes, stateDir) => {
    const secretFile = `${stateDir}/secret.txt`;
    const otherPluginsFile = `${sandboxes.dataDir("other")}/secret.txt`;
    const link = `${sandboxes.dataDir("hostile")}/link.txt`;
    await Promise.all(["other", "hostile"].map((name) => Deno.mkdir(sandboxes.dataDir(name), { recursive: true })));
    await Promise.all([secretFile, otherPluginsFile].map((path) => Deno.writeTextFile(path, SECRET)));
    const unixPath = `${stateDir}/database.sock`;
    const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let visitors = 0;
    const accepting = (async () => {
      for await (const connection of tcp) visitors++, connection.close();
    })();
    const udp = createSocket("udp4").on("message", () => visitors++);
    await new Promise<void>((bound) => udp.bind(0, "127.0.0.1", bound));
    Deno.env.set("ESCAPE_SECRET", SECRET);
    try {
      await test(
        {
          secretFile,
          otherPluginsFile,
          runtimeDir: `${stateDir}/runtime`,
          link,
          tcpPort: tcp.addr.port,
          udpPort: udp.address().port,
          unixPath,
          serverPid: Deno.pid,
        },
        sandboxes,
      );
      assertEquals(visitors, 0);
    } finally {
      Deno.env.delete("ESCAPE_SECRET");
      tcp.close();
      await new Promise<void>((closed) => udp.close(closed));
      await accepting;
    }
  });
}

const REFUSAL = new RegExp([
  "Requires",
  "requires unscoped",
  // localStorage and caches find a file where their folder would be.
  "Not a directory",
  "Failed to create cache storage",
  // From a module that has no place, no other is found by path.
  "invalid URL",
  "is not a valid module type",
  "--no-npm is specified",
  // SQLite's way to other files.
  "too many attached databases",
  "queryA",
  // With the refusal as its cause.
  "fetch failed",
].join("|"));

/** Every attack must end as an error of the plugin's own that names the missing permission; the process lives on. */
async function assertAllRefused(runner: PluginRunner, bodies: Readonly<Record<string, string>>, targets: Targets): Promise<void> {
  for (const attack of Object.keys(bodies)) {
    const error = await runner.runAction(attack, JSON.stringify(targets), work()).catch((error) => error);
    assert(error instanceof ChatError, `${attack} gave ${error}`);
    assertEquals([attack, error.code], [attack, "failed_precondition"]);
    assertMatch(error.message, REFUSAL, attack);
    assert(!error.message.includes(SECRET), attack);
  }
  assertEquals(await runner.runAction("ping", "{}", work()), `"pong"`);
}

Deno.test("Sandbox: a plugin without permissions reaches no file, no variable, no network, no process and no module", async () => {
  await withTargets(async (targets, sandboxes) => {
    const states: string[] = [];
    const runner = await sandboxes.createRunner(
      { manifest: manifest({ name: "hostile" }), granted: NOTHING, code: { text: hostileModule(REFUSED), language: "typescript" } },
      { onLog() {}, onState: ({ state }) => states.push(state) },
    );
    await assertAllRefused(runner, REFUSED, targets);
    assert(!states.includes("failing"));
    await runner.close();
  });
});

Deno.test("Sandbox: a plugin with a folder and leave to reach names reaches neither more files nor this machine under any name", async () => {
  await withTargets(async (targets, sandboxes) => {
    const granted = {
      ...NOTHING,
      data: true,
      net: ["localhost", `localhost:${targets.tcpPort}`, "example.com", `example.com:${targets.tcpPort}`],
      env: ["OTHER"],
    };
    const own = {
      ...REFUSED,
      "use its folder":
        `await Deno.writeTextFile(context.dataDir + "/own.txt", "mine"); return await Deno.readTextFile(context.dataDir + "/own.txt");`,
      "write a huge file": `const file = await Deno.open(context.dataDir + "/huge", { write: true, create: true });
        await file.truncate(65 * 1024 * 1024); return 1;`,
    };
    const runner = await sandboxes.createRunner(
      { manifest: manifest({ name: "hostile" }), granted, code: { text: hostileModule(own), language: "typescript" } },
      { onLog() {}, onState() {} },
    );
    await assertAllRefused(runner, REFUSED, targets);
    assertEquals(await runner.runAction("use its folder", "{}", work()), `"mine"`);
    await assertRejects(() => runner.runAction("write a huge file", "{}", work()), ChatError, "File too large");
    await runner.close();
  });
});

Deno.test("Sandbox: a number and port that was granted can be reached, and its neighbours cannot", async () => {
  await withSandboxes(async (sandboxes) => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("granted"));
    const { port } = server.addr;
    const code = `export default { actions: { get: async (url: string) => await (await fetch(url)).text() } };`;
    const runner = await sandboxes.createRunner(
      { manifest: manifest(), granted: { ...NOTHING, net: [`127.0.0.1:${port}`] }, code: { text: code, language: "typescript" } },
      { onLog() {}, onState() {} },
    );
    assertEquals(await runner.runAction("get", `"http://127.0.0.1:${port}/"`, work()), `"granted"`);
    for (const host of ["127.0.0.2", "localhost", "0.0.0.0", "[::1]"]) {
      await assertRejects(() => runner.runAction("get", `"http://${host}:${port}/"`, work()), ChatError, "Requires net access");
    }
    await runner.close();
    await server.shutdown();
    for (
      const net of [
        "*",
        "a,b",
        "",
        "10.0.0.0/8",
        "example.com:99999",
        "http://example.com",
        "127.0.0.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "192.168.1.1",
        "2130706433",
        "0x7f.1",
        "127.1",
      ]
    ) {
      const make = () =>
        sandboxes.createRunner({ manifest: manifest(), granted: { ...NOTHING, net: [net] }, code: { text: "", language: "javascript" } }, {
          onLog() {},
          onState() {},
        });
      await assertRejects(make, ChatError, "must name");
    }
    for (const name of ["LD_PRELOAD", "DENO_DIR", "A,B", "NODE_OPTIONS"]) {
      const make = () =>
        sandboxes.createRunner({ manifest: manifest(), granted: { ...NOTHING, env: [name] }, code: { text: "", language: "javascript" } }, {
          onLog() {},
          onState() {},
        });
      await assertRejects(make, ChatError, "not the runtime's own");
    }
  });
});

Deno.test("Sandbox: whatever takes too much or forges is ended, told as what it was, and the next call is served", async () => {
  const limits = { ...effectiveLimits({}), cpuMs: 20_000, callMs: 30_000, concurrency: 1 };
  const bodies = Object.fromEntries(Object.entries(EXCESSES).map(([name, { body }]) => [name, body]));
  await withPlugin(hostileModule(bodies), async ({ runner, log }) => {
    for (const [name, { codes, says }] of Object.entries(EXCESSES)) {
      const error = await runner.runAction(name, "{}", work()).catch((error) => error);
      assert(error instanceof ChatError, `${name} gave ${error}`);
      assertMatch(error.message, says, name);
      assert((codes as readonly string[]).includes(error.code), `${name} ended as ${error.code}`);
      assertEquals(await runner.runAction("ping", "{}", work()), `"pong"`, name);
    }
    assert(log.length < 2_000);
  }, { limits });
});

Deno.test("Sandbox: whatever loops is ended when its processor time is up", async () => {
  const limits = { ...effectiveLimits({}), cpuMs: 150, callMs: 30_000, concurrency: 1 };
  await withPlugin(hostileModule(LOOPS), async ({ runner }) => {
    for (const attack of Object.keys(LOOPS)) {
      const error = await assertRejects(() => runner.runAction(attack, "{}", work()), ChatError, "150 ms of a processor");
      assertEquals(error.code, "resource_exhausted");
      assertEquals(await runner.runAction("ping", "{}", work()), `"pong"`);
    }
  }, { limits });
});

Deno.test("Sandbox: whatever waits for ever is ended by the clock, and its caller hears it at once", async () => {
  const limits = { ...effectiveLimits({}), callMs: 300, concurrency: 1 };
  await withPlugin(hostileModule(HANGS), async ({ runner, states }) => {
    for (const attack of Object.keys(HANGS)) {
      const error = await assertRejects(() => runner.runAction(attack, "{}", work()), ChatError, "300 ms for one call");
      assertEquals(error.code, "resource_exhausted");
      assertEquals(await runner.runAction("ping", "{}", work()), `"pong"`);
    }
    assertEquals(states.filter(({ state }) => state === "failing").length, 2);
  }, { limits });
});

Deno.test("Sandbox: a redirect leads no further than the plugin may go itself", async () => {
  await withTargets(async ({ tcpPort }) => {
    const location = `http://127.0.0.1:${tcpPort}/`;
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(null, { status: 302, headers: { location } }),
    );
    const code = `export default { actions: { get: async (url: string) => await (await fetch(url)).text() } };`;
    await withPlugin(code, async ({ runner }) => {
      const error = await assertRejects(() => runner.runAction("get", `"http://127.0.0.1:${server.addr.port}/"`, work()), ChatError);
      assertMatch(error.message, /Requires net access/);
    }, { granted: { ...NOTHING, net: [`127.0.0.1:${server.addr.port}`] } });
    await server.shutdown();
  });
});

Deno.test("Sandbox: a folder that grows without end ends its plugin", async () => {
  const code = `export default { actions: { async grow(_: unknown, { dataDir }: any) {
    for (let n = 0;; n++) {
      if (n < 5) await (await Deno.open(dataDir + "/" + n, { write: true, create: true })).truncate(60 * 1024 * 1024);
      await new Promise((go) => setTimeout(go, 10));
    }
  } } };`;
  await withPlugin(code, async ({ runner, states }) => {
    const error = await assertRejects(
      () => runner.runAction("grow", "{}", work()),
      ChatError,
      "has more than 256 MiB or 10000 files in its folder",
    );
    assertEquals(error.code, "resource_exhausted");
    assert(states.some(({ state }) => state === "failing"));
  }, { granted: { ...NOTHING, data: true } });
});

Deno.test("Sandbox: no folder keeps what is in it from being counted, and whatever it is, it goes with its plugin", async () => {
  const code = `export default { actions: {
    async close(_: unknown, { dataDir }: any) {
      await Deno.mkdir(dataDir + "/closed", { mode: 0o300 });
      for (let n = 0; n < 5; n++) await (await Deno.open(dataDir + "/closed/" + n, { write: true, create: true })).truncate(60 * 1024 * 1024);
      // Some of these go between being listed and being looked at.
      for (;;) {
        for (let n = 0; n < 100; n++) Deno.mkdirSync(dataDir + "/fleeting" + n);
        for (let n = 0; n < 100; n++) Deno.removeSync(dataDir + "/fleeting" + n);
        await new Promise((go) => setTimeout(go));
      }
    },
    async bury(_: unknown, { dataDir }: any) {
      const deep = ("/" + "d".repeat(200)).repeat(12);
      for (const name of ["/a", "/b"]) await Deno.mkdir(dataDir + name + deep, { recursive: true });
      await Deno.rename(dataDir + "/a", dataDir + "/b" + deep + "/a");
      await new Promise(() => setInterval(() => {}, 1_000));
    },
  } };`;
  for (const action of ["close", "bury"]) {
    await withPlugin(code, async ({ runner, sandboxes }) => {
      await assertRejects(() => runner.runAction(action, "{}", work()), ChatError, "or what cannot be looked into, and was stopped");
      await runner.close();
      await removeFolder(sandboxes.dataDir("tried"));
    }, { granted: { ...NOTHING, data: true }, limits: { ...effectiveLimits({}), callMs: 30_000, cpuMs: 30_000 } });
  }
});

Deno.test("Sandbox: workers have no more permissions than their plugin, and count as it", async () => {
  const limits = { ...effectiveLimits({ memoryBytes: 1e9 }), cpuMs: 600, callMs: 30_000 };
  await withTargets(async (targets) => {
    await withPlugin(hostileModule({ ...WORKERS, "more": WORKER_WITH_MORE, "loop": LOOP_IN_WORKER }), async ({ runner }) => {
      await assertAllRefused(runner, WORKERS, targets);
      await assertRejects(() => runner.runAction("more", "{}", work()), ChatError, "ended itself with exit code 70");
      const error = await assertRejects(() => runner.runAction("loop", "{}", work()), ChatError, "600 ms of a processor");
      assertEquals(error.code, "resource_exhausted");
    }, { limits });
  });
});

Deno.test("Sandbox: a gigabyte of outputs ends the process, a gigabyte of log is cut", async () => {
  await withPlugin(STREAMED_GIGABYTE, async ({ runner }) => {
    let bytes = 0;
    const read = async () => {
      for await (const output of runner.streamAction("flood", "{}", work())) bytes += output.length;
    };
    await assertRejects(read, ChatError, "bytes of output");
    assert(bytes <= effectiveLimits({}).outputBytes + 65_538);
  });
  await withPlugin(LOGGED_GIGABYTE, async ({ runner, log }) => {
    assertEquals(await runner.runAction("talk", "{}", work()), `"said"`);
    assertMatch(log.at(-1)!.text, /the rest of its log is left out/);
    assert(log.reduce((sum, { text }) => sum + text.length, 0) <= 70_000);
  });
});

Deno.test("Sandbox: a folder with a symbolic link in it is not given to its plugin", async () => {
  await withTargets(async ({ link, secretFile }, sandboxes) => {
    await Deno.symlink(secretFile, link);
    const code = { text: "export default {};", language: "javascript" } as const;
    const make = () =>
      sandboxes.createRunner({ manifest: manifest({ name: "hostile" }), granted: { ...NOTHING, data: true }, code }, {
        onLog() {},
        onState() {},
      });
    await assertRejects(make, ChatError, 'The folder of plugin hostile has a symbolic link in it: "link.txt"');
  });
});

Deno.test("Sandbox: what a plugin sends is never merged into anything of the server's", async () => {
  const odd =
    `'{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"decision":"rewrite","draft":{"__proto__":{"polluted":1},"content":"x"}}'`;
  const code =
    `const { parse } = JSON; (Object.prototype as any).polluted = 1; JSON.stringify = () => "{}"; JSON.parse = () => 1; (globalThis as any).TextEncoder = class {};
    export default {
      actions: { odd: () => parse(${odd}), ask: (_: unknown, { messages }: any) => messages.read(parse(${odd})) },
      hooks: { "message.before_create": () => parse(${odd}) },
    };`;
  await withPlugin(code, async ({ runner }) => {
    const output = await runner.runAction("odd", "{}", work());
    assert(output.startsWith('{"__proto__":{"polluted":1}'));
    const draft = { content: "hello", username: "ann" };
    const answer = await runner.runHook({ event: "message.before_create", draft, dryRun: false }, work());
    assertEquals(answer.draft, { content: "x", username: "ann" });
    assertEquals(({} as Record<string, unknown>)["polluted"], undefined);
  });
});

Deno.test("Sandbox: a module that loops or floods while it is loaded is ended, and its callers hear why", async () => {
  const cases = [
    // Where processors are scarce, the clock is first.
    [`for (;;);`, /2000 ms of a processor|did not finish loading in time/],
    [`for (let n = 0; n < 16_384; n++) Deno.stderr.writeSync(new Uint8Array(65_536).fill(65));`, /flooded/],
    [`const all: number[][] = []; for (;;) all.push(new Array(10_000).fill(1.5));`, /MiB of memory/],
  ] as const;
  for (const [code, says] of cases) {
    await withPlugin(code, async ({ runner }) => {
      const error = await assertRejects(() => runner.runAction("ping", "{}", work()), ChatError);
      assertMatch(error.message, says);
    });
  }
});
