import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RAGServiceClient } from "../../src/clients/rag_client.ts";
import { databasePlace } from "../support/database.ts";
import { makePdf } from "../support/pdf.ts";
import { ServerProcess } from "../support/server_process.ts";
import { type TempDir, tempDir } from "../support/temp_dir.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a finished command left behind. */
interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `deno task index` to its end, as from `folder`. */
async function index(args: readonly string[], folder: string): Promise<Result> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", `${ROOT}deno.json`, "index", ...args],
    cwd: folder,
    // Where this test runs as a task itself, the variable names the folder of that one.
    env: { INIT_CWD: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A folder with one file of each kind, and some that are none. */
async function library(dir: TempDir): Promise<void> {
  const write = (name: string, content: string | Uint8Array) =>
    Deno.writeFile(`${dir.path}/docs/${name}`, typeof content === "string" ? new TextEncoder().encode(content) : content);
  await Deno.mkdir(`${dir.path}/docs/deep`, { recursive: true });
  await write("bees.md", "# Bees\n\nBees dance to tell each other where the flowers are.\n");
  await write("deep/tide.txt", "The moon pulls the sea towards itself, which makes the tides.");
  await write("rust.html", "<title>Rust</title><p>Iron rusts when it meets water and oxygen.</p><script>no()</script>");
  await write("volcano.pdf", makePdf([[{ text: "A volcano throws lava and ashes.", size: 10, y: 700 }]], { title: "Volcanoes" }));
  await write("fake.pdf", "PK\x03\x04 in truth an archive");
  await write("photo.png", "\x89PNG");
  await write("empty.txt", "");
  await write(".hidden.txt", "secret");
  await Deno.symlink(`${dir.path}/docs/bees.md`, `${dir.path}/docs/link.md`);
}

Deno.test("index stores files and folders, tells what it left out and why, and goes on where it stopped", async () => {
  await using dir = await tempDir();
  await library(dir);
  await using place = await databasePlace("postgres");
  await using server = new ServerProcess({ env: { SERVICES: "rag", ...place.env } });
  const { grpcAddress: address } = await server.ready();
  const args = ["--address", address, "--collection", "nature", "docs"];

  const first = await index(args, dir.path);
  assertEquals(first.code, 1, first.stdout + first.stderr);
  for (const id of ["docs/bees.md", "docs/deep/tide.txt", "docs/rust.html", "docs/volcano.pdf"]) {
    assertStringIncludes(first.stdout, `indexed ${id} (1 chunks)\n`);
  }
  assertMatch(first.stdout, /\n4 indexed, 0 unchanged, 4 skipped, 1 refused in [\d.]+ s\n$/);
  for (
    const line of ["photo.png: no type that can be searched (.png)", "empty.txt: empty", ".hidden.txt: hidden", "link.md: a symbolic link"]
  ) {
    assertStringIncludes(first.stderr, line);
  }
  assertMatch(first.stderr, /refused .*\/fake\.pdf: .*ZIP archive/);

  await Deno.writeTextFile(`${dir.path}/docs/deep/tide.txt`, "The sun pulls the sea too, but less than the moon.");
  await Deno.remove(`${dir.path}/docs/fake.pdf`);
  const second = await index(args, dir.path);
  assertEquals(second.code, 0, second.stderr);
  assertMatch(second.stdout, /\n1 indexed, 3 unchanged, 4 skipped, 0 refused in/);

  await using client = new RAGServiceClient({ address });
  const search = async (query: string) =>
    (await client.searchDocuments({ query, collection: "nature" })).results.map((result) => result.documentId);
  assertEquals(await search("lava of a volcano"), ["docs/volcano.pdf"]);
  assertEquals(await search("how strongly does the sun pull"), ["docs/deep/tide.txt"]);
  const { title, metadata, mediaType } = await client.getDocument({ documentId: "docs/volcano.pdf", collection: "nature" });
  assertEquals([title, metadata["path"], mediaType], ["Volcanoes", "docs/volcano.pdf", "application/pdf"]);
  assert(/^[0-9a-f]{64}$/.test(metadata["sha256"] ?? ""));
});

Deno.test("index ends with 1 where nobody answers and with 2 where the command line makes no sense", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(`${dir.path}/a.txt`, "text");
  const gone = await index(["--address", "127.0.0.1:1", "a.txt"], dir.path);
  assertEquals(gone.code, 1, gone.stderr);
  assertStringIncludes(gone.stderr, "the same command goes on from there");
  const cases = [[[], /^A path is missing/], [["--parallel", "99", "a.txt"], /--parallel must be .* got "99"/], [
    ["nowhere"],
    /cannot be read/,
  ]] as const;
  for (const [args, message] of cases) {
    const { code, stderr } = await index(args, dir.path);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, message);
    assertStringIncludes(stderr, "Usage: index");
  }
  const help = await index(["--help"], dir.path);
  assertEquals([help.code, help.stdout.startsWith("Usage: index")], [0, true]);
});
