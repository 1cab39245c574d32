/**
 * `deno task soak`: every soak, one after the other; exits with 1 if any of them found something. `--short` takes seconds each.
 *
 * @module
 */

/** One soak: a program of its own, which exits with 0 if all held, and knows `--short`. */
interface Soak {
  readonly name: string;
  /** Beside this file. */
  readonly script: string;
  /** The permissions it needs. */
  readonly permissions: readonly string[];
}

/** As the tests have them: the real program and Postgres as processes, in folders of their own. */
const TEST_PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys", "--allow-net=127.0.0.1"];

const soaks: readonly Soak[] = [
  {
    name: "HTTP/2: connections end in every way while calls are in flight",
    script: "http2.ts",
    permissions: ["--allow-read", "--allow-write", "--allow-run", "--allow-net=127.0.0.1"],
  },
  {
    name: "Crashes: the server is killed with -9 under load, on each database",
    script: "crash.ts",
    permissions: TEST_PERMISSIONS,
  },
  {
    name: "Crashes: the server is killed with -9 while documents are replaced, on each database",
    script: "document_crash.ts",
    permissions: TEST_PERMISSIONS,
  },
  {
    name: "Crashes: the server is killed with -9 while the messages of a room become documents, on each database",
    script: "room_crash.ts",
    permissions: TEST_PERMISSIONS,
  },
  {
    name: "Fuzz: broken requests to every RPC and to the HTTP face, on each database",
    script: "fuzz.ts",
    permissions: TEST_PERMISSIONS,
  },
];

let failed = 0;
for (const { name, script, permissions } of soaks) {
  console.log(`\n# ${name}`);
  const url = new URL(script, import.meta.url).href;
  const args = ["run", "--quiet", "--no-prompt", ...permissions, url, ...Deno.args];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn().status;
  if (!success) failed++;
}
console.log(failed === 0 ? `\n${soaks.length} soaks held` : `\n${failed} of ${soaks.length} soaks failed`);
Deno.exit(failed === 0 ? 0 : 1);
