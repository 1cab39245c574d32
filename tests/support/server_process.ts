/**
 * The real program in a process of its own, with the permissions and the environment that a user would give it.
 *
 * @module
 */
import { permissionFlags } from "../../scripts/permissions.ts";
import { inspectConfig } from "../../src/config/read.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** The machine that runs tests is busy with others, which a server takes for being given more than it can do. */
const UNHURRIED = { GRPC_MAX_TURN_DELAY_MS: "0" };
/** A start on a busy machine makes a database first. */
const DEADLINE_MS = 60_000;

/** Settings of the server under test. */
export type ServerEnv = Readonly<Record<string, string>>;

/** How to start it. */
export interface ServerOptions {
  /** Free ports and a gRPC server unless they say otherwise. */
  readonly env?: ServerEnv;
  /** Default: `deno run` of main.ts with exactly the permissions that the start task would give. */
  readonly args?: readonly string[];
  /** Default: the project. */
  readonly cwd?: string;
}

/** What a process left behind. */
export interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server process; `await using` kills it if the test has not ended it. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #ready = Promise.withResolvers<RegExpExecArray>();
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<string>;
  #seen = "";
  #ended = false;

  /** Starts the program; see {@link ready}. */
  constructor({ env = {}, args, cwd = ROOT }: ServerOptions = {}) {
    const settings = {
      GRPC_ENABLED: "true",
      HTTP_PORT: "0",
      GRPC_SERVER_PORT: "0",
      METRICS_PORT: "off",
      LOG_ACCESS: "off",
      ...UNHURRIED,
      ...env,
    };
    const flags = ["run", "--no-prompt", ...permissionFlags(inspectConfig(settings).config), "src/main.ts"];
    const command = new Deno.Command(Deno.execPath(), {
      args: [...args ?? flags],
      cwd,
      clearEnv: true,
      env: { ...inherited(), ...settings },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    this.#child = command.spawn();
    this.#ready.promise.catch(() => {}); // only some tests wait for it
    this.#stdout = this.#collect(
      this.#child.stdout,
      /^Ready: (?:HTTP at (http:[^\s,]+), |)(?:gRPC at ([^\s,]+)(?: \(TLS\))?, |)process (\d+)$/m,
    );
    this.#stderr = this.#collect(this.#child.stderr);
    this.#child.status.then(() => this.#ended = true);
  }

  /** Waits for the line that says where it listens; a face that it does not have is empty. Rejects with its output when it ends before that. */
  async ready(): Promise<{ readonly url: string; readonly grpcAddress: string; readonly pid: number }> {
    const [, url = "", grpcAddress = "", pid] = await withDeadline(
      this.#ready.promise,
      () => `The server is not ready:\n${this.#seen}`,
    );
    return { url, grpcAddress, pid: Number(pid) };
  }

  /** Waits for the log's line that says where metrics are, and gives their port. */
  async metricsPort(): Promise<number> {
    await this.seen(/"metricsPort":\d+/);
    return Number(/"metricsPort":(\d+)/.exec(this.#seen)?.[1]);
  }

  /** Sends a signal to the process that was started. */
  kill(signal: Deno.Signal): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** Waits until text has appeared on either output. */
  async seen(text: RegExp): Promise<void> {
    while (!text.test(this.#seen)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#listeners.push(resolve);
      await withDeadline(promise, () => `No ${text} in:\n${this.#seen}`);
    }
  }

  /** Waits for the process to end and for its output (also that of its children) to close. */
  async outcome(): Promise<Outcome> {
    const [{ code, signal }, stdout, stderr] = await withDeadline(
      Promise.all([this.#child.status, this.#stdout, this.#stderr]),
      () => `The server has not ended:\n${this.#seen}`,
    );
    return { code, signal, stdout, stderr };
  }

  /** Kills what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.outcome();
  }

  readonly #listeners: (() => void)[] = [];

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, ready?: RegExp): Promise<string> {
    let text = "";
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      this.#seen += chunk;
      const match = ready?.exec(text);
      if (match) this.#ready.resolve(match);
      for (const resolve of this.#listeners.splice(0)) resolve();
    }
    this.#ready.reject(new Error(`The server ended before it was ready:\n${this.#seen}`));
    return text;
  }
}

/** What a runtime needs to find itself and its cache; no settings. */
function inherited(): Record<string, string> {
  const names = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "NPM_CONFIG_REGISTRY", "DENO_TLS_CA_STORE", "DENO_CERT"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

async function withDeadline<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error(what())), DEADLINE_MS));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
