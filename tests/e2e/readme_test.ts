import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ServerProcess } from "../support/server_process.ts";
import { dataDir } from "../support/database.ts";
import { tempDir } from "../support/temp_dir.ts";
import { type Block, blocks, commands, curlRequest } from "./readme_blocks.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const README = blocks(Deno.readTextFileSync(`${ROOT}README.md`));
const CONFIG: { readonly tasks: Record<string, string>; readonly imports: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(`${ROOT}deno.json`),
);

/** Where the README's addresses lead in this test. */
interface Addresses {
  readonly url: string;
  readonly grpcAddress: string;
}

function inSection(section: string, language: string): readonly Block[] {
  return README.filter((block) => block.section === section && block.language === language);
}

/** The shell commands of a section that begin with `program`. */
function commandsOf(section: string, program: string, { url, grpcAddress }: Addresses): readonly (readonly string[])[] {
  const text = inSection(section, "sh").map((block) => block.text).join("\n");
  const here = text.replaceAll("http://127.0.0.1:8000", url).replaceAll("127.0.0.1:50051", grpcAddress);
  return commands(here).filter(([first]) => first === program);
}

/** Runs a program to its end and tells what it printed; fails when it failed. */
async function output(args: readonly string[], input = "", env: Record<string, string> = {}): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, env, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

// deno-lint-ignore no-explicit-any -- JSON of many shapes, each looked at by its own assertion
type Json = any;

/** Sends a curl command and gives its JSON; of a stream the first so many events that tell of messages. */
async function curl(words: readonly string[], events = 0): Promise<{ readonly response: Response; readonly json: Json }> {
  const { request, streams } = curlRequest(words);
  const response = await fetch(request);
  if (!streams) return { response, json: await response.json() };
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const messages = () => [...text.matchAll(/^id: (\d+)\nevent: (created|edited|deleted)\ndata: (.*)\n\n/gm)];
  while (messages().length < events) text += (await reader.read()).value ?? "";
  await reader.cancel();
  return { response, json: messages().map(([, id, event]) => `${id} ${event}`) };
}

Deno.test("the README's commands and examples work as they stand", async (t) => {
  await using dir = await dataDir();
  await using server = new ServerProcess({ env: { DATA_DIR: dir.path, PLUGIN_BUILT_IN: "word-filter,poll" } });
  const addresses = await server.ready();

  await t.step("quick start: what is sent by the command line and by curl is in the history", async () => {
    const chats = commandsOf("Quick start", "deno", addresses).filter(([, , name, action]) => name === "chat" && action !== "tail");
    const [hello] = commandsOf("Quick start", "curl", addresses);
    const run = (words: readonly string[] = []) => output([...words.slice(1), "--address", addresses.grpcAddress]);
    await run(chats.find((words) => words.includes("send")));
    await curl(hello ?? []);
    const history = await run(chats.find((words) => words.includes("history")));
    assertEquals(history.match(/#.*$/gm), ["#1 alice: Hello from the command line", "#2 bob: Hello from curl"]);
  });

  await t.step("documents and answers over REST", async () => {
    const answers: Json[] = [];
    for (const words of commandsOf("Documents and answers over REST", "curl", addresses)) {
      const { response, json } = await curl(words);
      assertEquals(response.status, 200, `${words.join(" ")}: ${JSON.stringify(json)}`);
      answers.push(json);
    }
    const [stored, found, context, document, list, moods, asked, shop, again, _stream, models, rooms, ...more] = answers;
    assertEquals(more, []);
    assertEquals([stored.success, found.results[0].document_id, context.sources.length], [true, "docs/tea.md", 1]);
    assertEquals([document.title, document.metadata, list.total_count], ["Tea", { kind: "drink" }, 1]);
    assertEquals(moods.results.map(({ sentiment }: Json) => sentiment), ["positive", "negative"]);
    assertEquals([asked.response.includes("80 degrees"), asked.model, asked.passages[0].document.document_id], [
      true,
      "extractive",
      "docs/tea.md",
    ]);
    assertEquals([shop.response, again.answer], ["The shop opens at nine. [1]", shop]);
    assertEquals([models.models.length > 0, rooms.rooms.length > 0], [true, true]);
  });

  await t.step("from curl", async () => {
    const given = commandsOf("From curl", "curl", addresses);
    const [create, page, search, filter, edit, revisions, remove, stream, resumed, refused, ...more] = given;
    assertEquals(more, []);
    const created = await curl(create ?? []);
    assertEquals([created.response.status, created.json.id, created.json.room], [201, 1, "kitchen"]);
    assertEquals((await curl(create ?? [])).json, created.json);
    assertEquals((await curl(page ?? [])).json.total_count, 1);
    assertEquals((await curl(search ?? [])).json.messages[0].content, "Lunch at noon?");
    assertEquals((await curl(filter ?? [])).json.total_count, 1);
    assertEquals((await curl(edit ?? [])).json.version, 2);
    assertEquals((await curl(revisions ?? [])).json.revisions.length, 2);
    assertEquals((await curl(remove ?? [])).json.success, true);
    assertEquals((await curl(stream ?? [], 3)).json, ["1 created", "2 edited", "3 deleted"]);
    assertEquals((await curl(resumed ?? [], 2)).json, ["2 edited", "3 deleted"]);
    const problem = await curl(refused ?? []);
    assertEquals([problem.response.status, problem.json.field], [400, "limit"]);
    assertEquals(problem.response.headers.get("content-type"), "application/problem+json");
  });

  await t.step("asking the AI service: the assistant answers in its room", async () => {
    const [allow, fact, ask, read] = commandsOf("Asking the AI service", "curl", addresses);
    for (const words of [allow, fact, ask]) assertEquals(Math.floor((await curl(words ?? [])).response.status / 100), 2);
    let answer: Json;
    for (const giveUpAt = Date.now() + 30_000; answer?.metadata.assistant_status !== "done" && Date.now() < giveUpAt;) {
      [answer] = (await curl(read ?? [])).json.messages;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(answer?.content, "The printer was bought in 2019. [1]");
  });

  await t.step(
    "plugins of your own: one is made, packed, installed, called, and signed; the worked examples are those that are tried",
    async () => {
      const examples = ["roll", "faq"].map((name) => Deno.readTextFileSync(`${ROOT}tests/examples/${name}/plugin.ts`));
      assertEquals(inSection("Plugins of your own", "ts").map(({ text }) => text), examples);
      await using folder = await tempDir();
      const told: string[] = [];
      for (const words of commandsOf("Plugins of your own", "deno", addresses)) {
        // What this one does has a test of its own.
        if (words.includes("test")) continue;
        const onServer = ["install", "call", "logs"].includes(words[3] ?? "") ? ["--address", addresses.grpcAddress] : [];
        told.push(await output([...words.slice(1), ...onServer], "", { INIT_CWD: folder.path }));
      }
      assertEquals(told[3], '{"text":"Hello, Bob!"}\n');
      assertMatch(told[4] ?? "", /info {2}Greeting Bob/);
      assertMatch(told[6] ?? "", /signed\n$/);
    },
  );

  await t.step("plugins that come with it: a word is masked, and a vote counted", async () => {
    const answers: Json[] = [];
    for (const words of commandsOf("Plugins that come with it", "curl", addresses)) answers.push((await curl(words)).json);
    const [added, masked, asked, voted, ...more] = answers;
    assertEquals([more, JSON.parse(added.output_json), masked.content], [[], { words: 1 }, "The *** kettle again"]);
    assertMatch(asked.content, /^Poll #\d+ is open\.$/);
    assertMatch(voted.content, /1\. yes: 1\n2\. no: 0\n1 vote$/);
  });

  await t.step("plugins and messages: a dry run tells what hooks would decide", async () => {
    const [words = [], ...more] = commandsOf("Plugins and messages", "curl", addresses);
    const { outcome, draft, decisions: [decision] } = (await curl(words)).json;
    assertEquals([more, outcome, draft.content, decision.plugin], [[], "rewrite", "That *** kettle", "word-filter"]);
  });

  await t.step("from buf curl", async () => {
    const [words = []] = commandsOf("From buf curl", "buf", addresses);
    const permissions = ["--allow-read", "--allow-run", "--allow-env", "--allow-sys"];
    const answer = JSON.parse(await output(["run", "--quiet", ...permissions, CONFIG.imports["@bufbuild/buf"] ?? "", ...words.slice(1)]));
    assertEquals([answer.content, answer.username, answer.eventType], ["Hello from buf", "carol", "created"]);
  });

  await t.step("from code: each example prints what the README says", async () => {
    const examples = inSection("From code", "ts");
    const outputs = inSection("From code", "output");
    assertEquals(examples.length, outputs.length);
    for (const [index, { text }] of examples.entries()) {
      const address = `{ address: "${addresses.grpcAddress}" }`;
      const code = text.replace(/new MessageServiceClient\(.*?\)/, `new MessageServiceClient(${address})`);
      assertStringIncludes(code, addresses.grpcAddress);
      // From the standard input, so that the example's own relative import is the one that is tried.
      assertEquals(await output(["run", "--quiet", "--check", "--allow-net", "--ignore-env", "--ext=ts", "-"], code), outputs[index]?.text);
    }
  });
});

Deno.test("the README names only tasks that exist", () => {
  const named = new Set(README.flatMap(({ text }) => [...text.matchAll(/deno(?:@[\d.]+)? task (\w+)/g)].map(([, name]) => name ?? "")));
  const table = Deno.readTextFileSync(`${ROOT}README.md`).matchAll(/`deno task (\w+)/g);
  for (const [, name = ""] of table) named.add(name);
  assertEquals([...named].filter((name) => CONFIG.tasks[name] === undefined), []);
});

Deno.test("the README starts the Deno that the image is built from", () => {
  const [from] = Deno.readTextFileSync(`${ROOT}Dockerfile`).match(/denoland\/deno:[\d.]+/) ?? [""];
  const version = from.split(":")[1] ?? "none";
  assertMatch(version, /^\d+\.\d+\.\d+$/);
  assertStringIncludes(README.map(({ text }) => text).join(), `npx -y deno@${version} task start`);
});
