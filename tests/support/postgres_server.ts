import { copyTree, preparePostgres } from "./postgres_binaries.ts";

/** A PostgreSQL server of one's own, on loopback. */
export interface PostgresServer {
  /** Of the database `postgres`, with every right. */
  readonly url: string;
  readonly port: number;
  /** Like a crash: no checkpoint, connections cut. */
  stopImmediate(): Promise<void>;
  /** Starts again on the same port and data; resolves when connections are accepted. */
  start(): Promise<void>;
  /** Stops it and removes its data; idempotent. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Runs Postgres under a shell that waits for its own input to end: when this process ends, however it does, the shell stops the server and removes
 * its data. `$1` is the data; the line it may read is `keep` or `remove`. A signal to the whole process group, such as Ctrl-C, must not end it first.
 */
const SHELL = `
  trap '' INT TERM HUP
  data=$1; shift
  "$@" >>"\${data%/data}/log" 2>&1 &
  server=$!
  read -r order
  kill -QUIT $server 2>/dev/null
  wait $server
  [ "$order" = keep ] || rm -rf "\${data%/data}"
`;

/** How to run a server. */
export interface PostgresServerOptions {
  /** Default: true, durable. */
  readonly fsync?: boolean;
  /** Lines of its configuration, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Makes it a hot standby of this one, which must have been started a moment ago: both begin as copies of one cluster, the rest comes as WAL. */
  readonly standbyOf?: PostgresServer;
}

/** Starts a server. */
export async function startPostgresServer({ fsync = true, settings = {}, standbyOf }: PostgresServerOptions = {}): Promise<PostgresServer> {
  const { binDir, templateDir, ...user } = await preparePostgres();
  const home = await Deno.makeTempDir({ prefix: "chat-postgres-" });
  copyTree(templateDir, `${home}/data`);
  if (standbyOf !== undefined) await Deno.writeTextFile(`${home}/data/standby.signal`, "");
  await own(home, user);
  const port = freePort();
  const args = ["-D", `${home}/data`, "-p", `${port}`, "-h", "127.0.0.1", "-k", "", "-c", `fsync=${fsync ? "on" : "off"}`];
  args.push("-c", "max_connections=200", "-c", "shared_buffers=128MB");
  if (standbyOf !== undefined) args.push("-c", `primary_conninfo=host=127.0.0.1 port=${standbyOf.port} user=postgres`);
  for (const [name, value] of Object.entries(settings)) args.push("-c", `${name}=${value}`);
  const server = new Server({ home, port, user, command: [`${binDir}/postgres`, ...args] });
  await server.start();
  return server;
}

interface ServerOptions {
  readonly home: string;
  readonly port: number;
  readonly user: { readonly uid?: number; readonly gid?: number };
  readonly command: readonly string[];
}

class Server implements PostgresServer {
  readonly url: string;
  readonly port: number;
  readonly #options: ServerOptions;
  #shell: Deno.ChildProcess | undefined;
  #closed = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.port = options.port;
    this.url = `postgres://postgres:secret@127.0.0.1:${options.port}/postgres`;
  }

  async start(): Promise<void> {
    const { home, user, command } = this.#options;
    const args = ["-c", SHELL, "sh", `${home}/data`, ...command];
    // One variable: Postgres needs no other, and PG… of the caller must not lead it astray.
    const env = { LC_ALL: "C" };
    const shell = new Deno.Command("/bin/sh", {
      args,
      ...user,
      cwd: "/",
      clearEnv: true,
      env,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    shell.unref(); // a server does not keep the process alive that it goes with
    this.#shell = shell;
    await this.#ready();
  }

  stopImmediate(): Promise<void> {
    return this.#stop("keep");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stop("remove");
    await Deno.remove(this.#options.home, { recursive: true }).catch(() => {}); // the shell has done it, unless the server was stopped
  }

  async #stop(order: "keep" | "remove"): Promise<void> {
    const shell = this.#shell;
    if (shell === undefined) return;
    this.#shell = undefined;
    shell.ref();
    const writer = shell.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${order}\n`));
    await writer.close();
    await shell.status;
  }

  /** Postgres writes its state into the file that holds its lock. */
  async #ready(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await readText(`${this.#options.home}/data/postmaster.pid`)).endsWith("ready   \n")) {
      if (Date.now() > deadline) throw new Error(`Postgres did not start: ${await readText(`${this.#options.home}/log`)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function readText(file: string): Promise<string> {
  return Deno.readTextFile(file).catch(() => "");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Postgres wants its data to be its user's alone. */
async function own(directory: string, user: { readonly uid?: number; readonly gid?: number }): Promise<void> {
  const { uid = null, gid = null } = user;
  await Deno.chown(directory, uid, gid);
  await Deno.chmod(directory, 0o700);
  for await (const entry of Deno.readDir(directory)) {
    const target = `${directory}/${entry.name}`;
    if (entry.isDirectory) await own(target, user);
    else await Deno.chown(target, uid, gid);
  }
}
