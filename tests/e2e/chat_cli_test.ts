import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ServerProcess } from "../support/server_process.ts";
import { databasePlace } from "../support/database.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const DEADLINE_MS = 30_000;

/** What a finished command left behind. */
interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function spawn(args: readonly string[], stdin: "null" | "piped" = "null"): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), { args: ["task", "chat", ...args], cwd: ROOT, stdin, stdout: "piped", stderr: "piped" }).spawn();
}

/** Runs `deno task chat` to its end. */
async function chat(args: readonly string[], input?: string): Promise<Result> {
  const child = spawn(args, input === undefined ? "null" : "piped");
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr).replace(/^.*Task.*\n/, "") };
}

/** A `chat tail` whose lines can be waited for. */
class Tail implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #readers: readonly Promise<void>[];
  #text = "";
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(args: readonly string[]) {
    this.#child = spawn(["tail", ...args]);
    this.#readers = [this.#read(this.#child.stdout), this.#read(this.#child.stderr)];
  }

  /** Waits until the output, of either kind, has shown the text. */
  async shows(text: string): Promise<void> {
    const timer = setTimeout(() => this.#changed.reject(new Error(`Not seen: ${text}\n${this.#text}`)), DEADLINE_MS);
    while (!this.#text.includes(text)) await this.#changed.promise;
    clearTimeout(timer);
  }

  get text(): string {
    return this.#text;
  }

  /** Presses Ctrl-C, waits for the end, tells the exit code. */
  async interrupt(): Promise<number> {
    this.#ended = true;
    this.#child.kill("SIGINT");
    await Promise.all(this.#readers);
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await Promise.all(this.#readers);
    await this.#child.status;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      this.#text += chunk;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}

Deno.test("chat sends, follows and reads over a real server, across a kill -9 of it", async (t) => {
  await using place = await databasePlace("postgres");
  const env = { ...place.env, HTTP_PORT: "0", GRPC_SERVER_PORT: "0" };
  await using server = new ServerProcess({ env });
  const { grpcAddress, pid } = await server.ready();
  const at = ["--address", grpcAddress];

  await t.step("send stores its words as one message, and each line of its input as another", async () => {
    const sent = await chat(["send", ...at, "--as", "alice", "Hello", "there"]);
    assertMatch(sent.stdout, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}#1 alice: Hello there\n$/);
    assertEquals(sent.code, 0);
    const lines = await chat(["send", ...at, "--as", "bob"], "one\ntwo\r\n\nthree");
    assertEquals(lines.stdout.match(/: \w+$/gm), [": one", ": two", ": three"]);
  });

  await t.step("history pages, searches and prints JSON", async () => {
    const oldest = await chat(["history", ...at, "--limit", "2"]);
    assertEquals(oldest.stdout.match(/#\d+ \w+: .*$/gm), ["#1 alice: Hello there", "#2 bob: one"]);
    assertEquals(oldest.stderr, "2 of 4 messages\n");
    const newest = await chat(["history", ...at, "--limit", "2", "--newest", "--json"]);
    assertEquals(newest.stdout.trim().split("\n").map((line) => JSON.parse(line).content), ["three", "two"]);
    const found = await chat(["history", ...at, "--search", "there"]);
    assertEquals(found.stdout.match(/#\d+/g), ["#1"]);
  });

  await t.step("escape sequences in a message reach no terminal, neither as text nor as JSON", async () => {
    await chat(["send", ...at, "--room", "traps", "--as", "eve\u001b[31m", "a\u001b]0;owned\u0007\nb\u009b2J \u202eevil"]);
    const shown = await chat(["history", ...at, "--room", "traps"]);
    assertStringIncludes(shown.stdout, "eve\\u001b[31m: a\\u001b]0;owned\\u0007\n    b\\u009b2J \\u202eevil\n");
    const json = await chat(["history", ...at, "--room", "traps", "--json"]);
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(shown.stdout + json.stdout));
    assertEquals(JSON.parse(json.stdout).content, "a\u001b]0;owned\u0007\nb\u009b2J \u202eevil");
  });

  await t.step("tail follows, connects again after a kill -9, misses nothing, and Ctrl-C ends it with 0", async () => {
    await using tail = new Tail([...at, "--from", "3"]);
    await tail.shows("#4 bob: three");
    await chat(["send", ...at, "--as", "alice", "before"]);
    await tail.shows("#5 alice: before");
    Deno.kill(pid, "SIGKILL");
    await tail.shows("trying again");
    await using again = new ServerProcess({ env: { ...env, GRPC_SERVER_PORT: grpcAddress.split(":").at(-1) ?? "" } });
    await again.ready();
    await tail.shows("Connected again");
    await chat(["send", ...at, "--as", "alice", "after"]);
    await tail.shows("#6 alice: after");
    assertEquals(tail.text.match(/#\d+/g), ["#3", "#4", "#5", "#6"]);
    assertEquals(await tail.interrupt(), 0);

    const refused = await chat(["send", ...at, "--as", "x".repeat(129), "hello"]);
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertMatch(refused.stderr, /^[A-Z][^\n]*`username`[^\n]*\n$/);
  });
});

Deno.test("chat says what is wrong with a command line, how it is meant, and exits with 2", async () => {
  const wrong: [string[], string][] = [
    [[], "A command is missing"],
    [["shout"], 'There is no command "shout"'],
    [["tail", "--from", "0"], 'Option --from must be a whole number of 1 to 9007199254740991, got "0"'],
    [["tail", "--all", "--from", "1"], "Options --all and --from exclude each other"],
    [["history", "--limit", "501"], 'Option --limit must be a whole number of 1 to 500, got "501"'],
    [["history", "extra"], "extra"],
    [["send", "--address", "nowhere", "hello"], "Option `address` must be HOST:PORT"],
  ];
  const results = await Promise.all(wrong.map(([args]) => chat(args)));
  for (const [index, [, text]] of wrong.entries()) {
    const result = results[index];
    assertEquals(result?.code, 2);
    assertStringIncludes(result?.stderr ?? "", text);
    assertStringIncludes(result?.stderr ?? "", "Usage:");
  }
});

Deno.test("chat says in one sentence that nobody answers, and exits with 1", async () => {
  const result = await chat(["history", "--address", "127.0.0.1:1"]);
  assertEquals([result.code, result.stdout, result.stderr], [1, "", "No connection to 127.0.0.1:1 (connect ECONNREFUSED 127.0.0.1:1)\n"]);
});
