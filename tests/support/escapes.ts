/**
 * What a hostile plugin tries: bodies of async functions `(input, context)` that run in the sandbox. `input` tells where the server keeps what it must
 * not reach.
 *
 * @module
 */

/** What the attacks are told about their target. */
export interface Targets {
  readonly secretFile: string;
  readonly otherPluginsFile: string;
  readonly runtimeDir: string;
  /** In the plugin's own folder; nothing is there. */
  readonly link: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly unixPath: string;
  readonly serverPid: number;
}

/** A module whose actions are these bodies. */
export function hostileModule(bodies: Readonly<Record<string, string>>): string {
  const actions = Object.entries(bodies).map(([name, body]) => `${JSON.stringify(name)}: async (input: any, context: any) => {${body}}`);
  return `export default { actions: { ping: () => "pong",\n${actions.join(",\n")} } };`;
}

/** Each must throw for want of a permission, and leave the process as it was. */
export const FILES: Readonly<Record<string, string>> = {
  "read /etc/passwd": `return await Deno.readTextFile("/etc/passwd");`,
  "read /etc/passwd by node:fs": `return (await import("node:fs")).readFileSync("/etc/passwd", "utf8");`,
  "read the server's memory": `return (await Deno.open("/proc/" + input.serverPid + "/mem")).readable;`,
  "read the server's environment": `return await Deno.readTextFile("/proc/" + input.serverPid + "/environ");`,
  "read its own environment by /proc": `return await Deno.readTextFile("/proc/self/environ");`,
  "read the server's files": `return await Deno.readTextFile(input.secretFile);`,
  "read another plugin's files": `return await Deno.readTextFile(input.otherPluginsFile);`,
  "list the server's folder": `return await Array.fromAsync(Deno.readDir(input.runtimeDir + "/.."));`,
  "change the runtime's caches": `return await Deno.writeTextFile(input.runtimeDir + "/x", "");`,
  "write somewhere": `return await Deno.makeTempFile();`,
  "make a symlink":
    `await Deno.symlink(input.secretFile, input.link); return await import("file://" + input.link, { with: { type: "text" } });`,
  "make a symlink by node:fs": `return (await import("node:fs")).symlinkSync(input.secretFile, input.link);`,
  "make a hard link": `return await Deno.link("/etc/passwd", input.link);`,
  "keep something in localStorage": `localStorage.setItem("a", "b"); return localStorage.getItem("a");`,
  "keep something in caches": `return await (await caches.open("x")).put("http://x.test/", new Response("kept"));`,
  "fetch a file": `return await (await fetch("file:///etc/passwd")).text();`,
  "copy a database to a file": `const database = new (await import("node:sqlite")).DatabaseSync(":memory:");
    return database.exec("vacuum into '" + input.link + "'");`,
  "back a database up to a file": `const sqlite: any = await import("node:sqlite");
    return await sqlite.backup(new sqlite.DatabaseSync(":memory:"), input.runtimeDir + "/x.db");`,
  "open a database file": `return new (await import("node:sqlite")).DatabaseSync(input.secretFile);`,
};

/** The same. */
export const SYSTEM: Readonly<Record<string, string>> = {
  "read a variable": `return Deno.env.get("ESCAPE_SECRET");`,
  "read all variables": `return Deno.env.toObject();`,
  "read a variable by node:process": `return (await import("node:process")).default.env.ESCAPE_SECRET.length;`,
  "spawn": `return await new Deno.Command("/bin/true").output();`,
  "spawn by node:child_process": `return (await import("node:child_process")).execSync("true");`,
  "load a library":
    `return Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", { getpid: { parameters: [], result: "i32" } }).symbols.getpid();`,
  "load a library by node:process":
    `return (await import("node:process")).default.dlopen({ exports: {} }, "/lib/x86_64-linux-gnu/libc.so.6");`,
  "signal the server": `return Deno.kill(input.serverPid, "SIGTERM");`,
  "signal the server by node:process": `return (await import("node:process")).default.kill(input.serverPid, "SIGTERM");`,
  "ask for a permission":
    `if ((await Deno.permissions.request({ name: "read" })).state !== "granted") throw new Error("Requires a permission");`,
  "open the debugger": `return (await import("node:inspector")).open(0, "127.0.0.1");`,
  "ask who the machine is": `return Deno.hostname();`,
};

/** Where the runtime's refusal is told to nobody but the log. */
const LATE = `setTimeout(() => fail(new Error("Requires: there was no answer")), 100)`;

/** The same; the ones that need the network must fail without it and with leave to reach names that mean this machine. */
export const NETWORK: Readonly<Record<string, string>> = {
  "connect to loopback": `return (await Deno.connect({ hostname: "127.0.0.1", port: input.tcpPort })).localAddr;`,
  "connect to loopback by its other number": `return (await Deno.connect({ hostname: "127.9.9.9", port: input.tcpPort })).localAddr;`,
  "connect to loopback of IPv6": `return (await Deno.connect({ hostname: "::1", port: input.tcpPort })).localAddr;`,
  "connect to loopback in IPv6 clothes": `return (await Deno.connect({ hostname: "::ffff:127.0.0.1", port: input.tcpPort })).localAddr;`,
  "connect to a name that means loopback": `return (await Deno.connect({ hostname: "localhost", port: input.tcpPort })).localAddr;`,
  "connect to nobody's address": `return (await Deno.connect({ hostname: "0.0.0.0", port: input.tcpPort })).localAddr;`,
  "connect to a cloud's secrets": `return await fetch("http://169.254.169.254/latest/meta-data/");`,
  "connect to a Unix socket": `return (await Deno.connect({ transport: "unix", path: input.unixPath })).localAddr;`,
  "fetch from loopback": `return await (await fetch("http://localhost:" + input.tcpPort)).text();`,
  "fetch from loopback as one number": `return await (await fetch("http://2130706433:" + input.tcpPort)).text();`,
  "fetch by a proxy": `const client = Deno.createHttpClient({ proxy: { url: "http://127.0.0.1:" + input.tcpPort } });
    return await (await fetch("http://example.com/", { client })).text();`,
  "fetch by a proxy that has a name": `const client = Deno.createHttpClient({ proxy: { url: "http://localhost:" + input.tcpPort } });
    return await (await fetch("http://example.com/", { client })).text();`,
  "fetch by SOCKS": `const client = Deno.createHttpClient({ proxy: { url: "socks5h://127.0.0.1:" + input.tcpPort } });
    return await (await fetch("http://example.com/", { client })).text();`,
  "fetch by a Unix socket": `const client = Deno.createHttpClient({ proxy: { transport: "unix", path: input.unixPath } });
    return await (await fetch("http://example.com/", { client })).text();`,
  "follow events": `const events = new EventSource("http://localhost:" + input.tcpPort);
    return await new Promise((open, fail) => {
      events.onopen = open;
      events.onerror = () => (events.close(), fail(new Error("Requires: it was closed")));
    });`,
  "look a name up where it wants": `const { Resolver } = await import("node:dns/promises");
    const resolver = new Resolver();
    resolver.setServers(["127.0.0.1:" + input.udpPort]);
    return await Promise.race([resolver.resolve4("example.com"), new Promise((_, fail) => ${LATE})]);`,
  "look a name up where it wants, by Deno": `const nameServer = { ipAddr: "127.0.0.1", port: input.udpPort };
    return await Deno.resolveDns("example.com", "A", { nameServer });`,
  "tell node:http that a name means loopback": `const lookup: any = (_: string, options: any, tell: any) =>
      options.all ? tell(null, [{ address: "127.0.0.1", family: 4 }]) : tell(null, "127.0.0.1", 4);
    const http = await import("node:http");
    return await new Promise((open, fail) => http.get({ host: "example.com", port: input.tcpPort, lookup }, open).on("error", fail));`,
  "open a WebSocket": `const socket = new WebSocket("ws://localhost:" + input.tcpPort);
    return await new Promise((open, fail) => { socket.onopen = open; socket.onerror = (event: any) => fail(new Error("Requires: " + event.message)); });`,
  "connect by node:net": `const socket = (await import("node:net")).connect(input.tcpPort, "127.0.0.1");
    return await new Promise((open, fail) => socket.on("connect", () => open(1)).on("error", fail));`,
  "connect to a Unix socket by node:net": `const socket = (await import("node:net")).connect(input.unixPath);
    return await new Promise((open, fail) => socket.on("connect", () => open(1)).on("error", fail));`,
  "connect by node:http2": `const session = (await import("node:http2")).connect("http://127.0.0.1:" + input.tcpPort);
    return await new Promise((open, fail) => session.on("connect", () => open(1)).on("error", fail));`,
  "send by node:dgram": `const socket = (await import("node:dgram")).createSocket("udp4");
    return await new Promise((sent, fail) => (${LATE}, socket.on("error", fail)).send("x", input.udpPort, "127.0.0.1", (error) => error ? fail(error) : sent(1)));`,
  "listen": `return Deno.listen({ hostname: "127.0.0.1", port: 0 }).addr;`,
  "listen by node:net": `const server = (await import("node:net")).createServer();
    return await new Promise((open, fail) => (${LATE}, server.on("error", fail)).listen(0, "127.0.0.1", () => open(1)));`,
};

/** The same. */
export const IMPORTS: Readonly<Record<string, string>> = {
  "import a file": `return await import("file:///etc/passwd");`,
  "import an absolute path": `return await import(input.secretFile);`,
  "import JSON": `return await import("file://" + input.secretFile, { with: { type: "json" } });`,
  "import text": `return await import("file://" + input.secretFile, { with: { type: "text" } });`,
  "import bytes": `return await import("file://" + input.secretFile, { with: { type: "bytes" } });`,
  "import from a server": `return await import("http://localhost:" + input.tcpPort + "/x.js");`,
  "import by https": `return await import("https://example.com/x.js");`,
  "import a package": `return await import("npm:chalk");`,
  "import from another registry": `return await import("jsr:@std/assert");`,
  "require a file": `return (await import("node:module")).createRequire("file:///x.js")(input.secretFile);`,
};

/** The same; a worker needs much memory for itself. */
export const WORKERS: Readonly<Record<string, string>> = {
  "a worker reads a file":
    `const source = "try { postMessage(Deno.readTextFileSync('/etc/passwd')); } catch (error) { postMessage({ refused: error.message }); }";
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
    const { data } = await new Promise<any>((tell) => worker.onmessage = tell);
    worker.terminate();
    if (data.refused) throw new Error(data.refused);
    return data;`,
};

function gigabyteIn(write: string): string {
  return `const text = "x".repeat(65_536); for (let n = 0; n < 16_384; n++) ${write};`;
}

/** Ends its process. */
export const LOOP_IN_WORKER =
  `new Worker(URL.createObjectURL(new Blob(["for (;;);"], { type: "text/javascript" })), { type: "module" }); await new Promise(() => {});`;

/** The same: it asks for what is unstable. */
export const WORKER_WITH_MORE = `const source = "postMessage(Deno.readTextFileSync('/etc/passwd'));";
    const options: any = { type: "module", deno: { permissions: { read: true } } };
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), options);
    return await new Promise((tell, fail) => { worker.onmessage = tell; worker.onerror = (event) => fail(new Error("Requires: " + event.message)); });`;

/** A gigabyte in small outputs of an action that streams. */
export const STREAMED_GIGABYTE =
  `export default { actions: { async *flood() { for (let n = 0; n < 16_384; n++) yield "x".repeat(65_536); } } };`;

/** A gigabyte of lines for the log; the call itself ends well. */
export const LOGGED_GIGABYTE = `export default { actions: { talk() { ${gigabyteIn("console.log(text)")} return "said"; } } };`;

/** How a process is ended that goes too far: the codes of the error and what it says. */
export interface Excess {
  readonly body: string;
  /** Several where it depends on what is used up first. */
  readonly codes: readonly ("unavailable" | "resource_exhausted" | "failed_precondition")[];
  readonly says: RegExp;
}

const MEMORY = { codes: ["resource_exhausted"], says: /MiB of memory/ } as const;
const PROTOCOL = { codes: ["unavailable"], says: /broke the protocol/ } as const;

/** Each ends its process, or is refused in it. */
export const EXCESSES: Readonly<Record<string, Excess>> = {
  "4 GB at once": { body: `return new ArrayBuffer(4e9).byteLength;`, codes: ["failed_precondition"], says: /allocation failed/i },
  "4 GB of WebAssembly": {
    body:
      `const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 }); for (;;) { memory.grow(1_000); new Uint8Array(memory.buffer).fill(1); }`,
    codes: ["failed_precondition"],
    says: /grow/i,
  },
  "arrays without end": { body: `const all: unknown[] = []; for (;;) all.push(new Array(10_000).fill(1.5));`, ...MEMORY },
  "strings without end": {
    body: `const all: string[] = []; for (let n = 0;; n++) all.push("x".repeat(1e6) + n), all.at(-1)!.charCodeAt(5);`,
    ...MEMORY,
  },
  "buffers without end": {
    body: `const all: Uint8Array[] = []; for (;;) all.push(new Uint8Array(1e6).fill(1));`,
    codes: ["resource_exhausted", "failed_precondition"],
    says: /MiB of memory|allocation failed/,
  },
  "workers without end": {
    body: `const url = URL.createObjectURL(new Blob(["setInterval(() => {}, 1e3)"], { type: "text/javascript" }));
      for (let n = 0; n < 500; n++) new Worker(url, { type: "module" });
      await new Promise(() => {});`,
    codes: ["resource_exhausted", "failed_precondition", "unavailable"],
    says: /MiB of memory|temporarily unavailable|crashed|ended itself/,
  },
  "too much output at once": { body: `return "x".repeat(2e6);`, codes: ["resource_exhausted"], says: /bytes of output/ },
  "a gigabyte on standard output": {
    body: gigabyteIn("Deno.stdout.writeSync(new TextEncoder().encode(text))"),
    codes: ["resource_exhausted"],
    says: /bytes of output/,
  },
  "a gigabyte on standard output in lines": {
    body: gigabyteIn("Deno.stdout.writeSync(new TextEncoder().encode(text + '\\n'))"),
    ...PROTOCOL,
  },
  "a gigabyte on standard error": {
    body: gigabyteIn("Deno.stderr.writeSync(new TextEncoder().encode(text))"),
    codes: ["resource_exhausted"],
    says: /flooded/,
  },
  "forge a reply": {
    body:
      `for (let n = 0; n < 100; n++) Deno.stdout.writeSync(new TextEncoder().encode("00000000-0000-0000-0000-000000000000 end " + n + " \\n"));
      await new Promise(() => {});`,
    ...PROTOCOL,
  },
  "forge a reply as JSON": {
    body: `Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ type: "end", id: 1 }) + "\\n")); await new Promise(() => {});`,
    ...PROTOCOL,
  },
  "write what is no text": { body: `Deno.stdout.writeSync(new Uint8Array([255, 254, 10])); await new Promise(() => {});`, ...PROTOCOL },
  "exit": { body: `Deno.exit(0);`, codes: ["unavailable"], says: /ended itself with exit code 0/ },
  "exit by node:process": {
    body: `(await import("node:process")).default.exit(7);`,
    codes: ["unavailable"],
    says: /ended itself with exit code 7/,
  },
  "abort": {
    body: `(await import("node:process")).default.abort();`,
    codes: ["unavailable", "resource_exhausted", "failed_precondition"],
    says: /crashed with|ended itself|Requires run access/,
  },
  "close the requests": { body: `Deno.stdin.close(); await new Promise(() => {});`, codes: ["unavailable"], says: /ended itself|crashed/ },
  "close the replies": { body: `Deno.stdout.close(); return 1;`, codes: ["unavailable"], says: /ended itself|crashed/ },
};

/** Each is ended by the meter of processor time. */
export const LOOPS: Readonly<Record<string, string>> = {
  "loop": `for (;;);`,
  "loop in microtasks": `for (;;) await null;`,
  "loop in a getter of the output": `return { get a() { for (;;); } };`,
  "loop in toJSON of the output": `return { toJSON() { for (;;); } };`,
  "loop in then of the output": `return { then() { for (;;); } };`,
  "hold out against SIGTERM": `Deno.addSignalListener("SIGTERM", () => {}); Deno.addSignalListener("SIGINT", () => {}); for (;;);`,
};

/** Each waits for ever, and is ended by the clock. */
export const HANGS: Readonly<Record<string, string>> = {
  "never answer": `await new Promise(() => setInterval(() => {}, 1_000));`,
  "read the requests to the end": `await Array.fromAsync(Deno.stdin.readable);`,
};
