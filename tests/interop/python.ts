/**
 * A peer written in Python over grpcio, with code generated from the specification's protos, or from ours where the specification has none. It is told
 * what to do line by line: a JSON object in, a JSON object out. Debian's `python3-grpcio` and `protobuf-compiler-grpc` are all it takes.
 *
 * @module
 */
import { within } from "../support/deadline.ts";
import { tempDir } from "../support/temp_dir.ts";

const SPECIFICATION = new URL("../contract/specification", import.meta.url).pathname;
const OURS = new URL("../../protos", import.meta.url).pathname;
/** What each program is made from. */
const PROTOS = {
  client: { folder: SPECIFICATION, files: ["message_service.proto", "ai_service.proto"] },
  server: { folder: SPECIFICATION, files: ["message_service.proto", "ai_service.proto"] },
  plugin: { folder: OURS, files: ["message_service.proto", "rag_service.proto", "ai_service.proto", "plugin_service.proto"] },
  services: { folder: OURS, files: ["message_service.proto", "rag_service.proto", "ai_service.proto", "plugin_service.proto"] },
} as const;
const PROGRAMS = new URL("./python", import.meta.url).pathname;
/** Debian's packages are for Debian's Python, whatever else the search path has. */
export const PYTHON = "/usr/bin/python3";
const PATIENCE_MS = 30_000;

/**
 * For tests that need the Python peer: left out on a machine that lacks it, such as a newcomer's; never in continuous integration, which
 * installs it.
 */
export const pythonTest: { readonly ignore: boolean } = { ignore: Deno.env.get("CI") === undefined && !await hasPython() };

/** A running Python program. */
export class PythonPeer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  readonly #folder: AsyncDisposable;
  #unread = "";

  private constructor(child: Deno.ChildProcess, folder: AsyncDisposable) {
    this.#child = child;
    this.#folder = folder;
    this.#input = child.stdin.getWriter();
    this.#output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(child.stderr).text();
  }

  /** Starts `python/<program>.py`. */
  static async start(program: keyof typeof PROTOS, ...args: readonly string[]): Promise<PythonPeer> {
    const folder = await tempDir();
    await generate(folder.path, PROTOS[program]);
    const child = new Deno.Command(PYTHON, {
      args: ["-B", `${PROGRAMS}/${program}.py`, ...args],
      clearEnv: true,
      env: { PYTHONPATH: folder.path, PYTHONUTF8: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new PythonPeer(child, folder);
  }

  /** Sends one instruction and gives its answer. Rejects with what the program wrote to stderr when it fails. */
  // deno-lint-ignore no-explicit-any -- a test looks into whatever came
  async ask(what: string, args: Readonly<Record<string, unknown>> = {}): Promise<any> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify({ what, ...args })}\n`));
    const answer = JSON.parse(await within(PATIENCE_MS, `the Python peer's answer to ${what}`, this.#line()));
    if (answer.crash !== undefined) throw new Error(`The Python peer failed at ${what}: ${answer.crash}`);
    return answer;
  }

  /** Ends the program; its end of input is its sign to stop. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const late = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
    await this.#child.status;
    clearTimeout(late);
    await this.#output.cancel();
    await this.#errors;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #line(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error(`The Python peer has ended:\n${await this.#errors}`);
      this.#unread += value;
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return line;
  }
}

/** Messages, stubs and servicers from protos. */
async function generate(folder: string, protos: (typeof PROTOS)[keyof typeof PROTOS]): Promise<void> {
  const plugin = "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin";
  const args = [
    plugin,
    `-I${protos.folder}`,
    `--python_out=${folder}`,
    `--grpc_python_out=${folder}`,
    ...protos.files,
  ];
  const { success, stderr } = await new Deno.Command("protoc", { args }).output();
  if (!success) throw new Error(`protoc cannot read ${protos.folder}: ${new TextDecoder().decode(stderr)}`);
}

async function hasPython(): Promise<boolean> {
  const works = async (command: string, ...args: readonly string[]) => {
    try {
      return (await new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).output()).success;
    } catch {
      return false; // no such program
    }
  };
  const found = await Promise.all([
    works(PYTHON, "-c", "import grpc"),
    works("protoc", "--version"),
    works("test", "-x", "/usr/bin/grpc_python_plugin"),
  ]);
  return found.every((there) => there);
}
