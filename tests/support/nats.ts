import { within } from "./deadline.ts";
import { freePort } from "./ports.ts";

/** A NATS server of one's own, on loopback. */
export interface NatsServer extends AsyncDisposable {
  /** `127.0.0.1:port`; the same after each start. */
  readonly address: string;
  /** Starts it (again); resolves when clients are accepted. */
  start(): Promise<void>;
  /** Ends it as a crash would; idempotent. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;

/**
 * Runs the server under a shell that waits for its own input to end: when this process ends, however it does, the shell ends the server. A signal to
 * the whole process group, such as Ctrl-C, must not end it first.
 */
const SHELL = `
  trap '' INT TERM HUP
  "$@" &
  server=$!
  read -r _
  kill -KILL $server 2>/dev/null
  wait $server
`;

/** Starts a server, from Debian's package `nats-server` or wherever the program is found; `args` are its own. */
export async function startNatsServer(args: readonly string[] = [], port: number = freePort()): Promise<NatsServer> {
  const server = new Server(port, ["-a", "127.0.0.1", "-p", `${port}`, ...args]);
  await server.start();
  return server;
}

/** Servers that form one cluster. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** Waits until what `members` of them are subscribed to is known to each other. */
  knows(subject: string, members: number): Promise<void>;
}

/** Starts a cluster; resolves when each member has a route to each. */
export async function startNatsCluster(members: number): Promise<NatsCluster> {
  const ports = Array.from({ length: members }, () => ({ client: freePort(), route: freePort(), monitor: freePort() }));
  const routes = ports.map(({ route }) => `nats://127.0.0.1:${route}`).join(",");
  const servers = await Promise.all(ports.map(({ client, route, monitor }) => {
    const cluster = ["--cluster_name", "test", "--cluster", `nats://127.0.0.1:${route}`, "--routes", routes, "-m", `${monitor}`];
    return startNatsServer(cluster, client);
  }));
  const count = async (wanted: (route: Route) => boolean) =>
    (await Promise.all(ports.map(({ monitor }) => routesOf(monitor)))).flat().filter(wanted).length;
  await until("the cluster's routes", async () => await count(() => true) === members * (members - 1));
  return {
    servers,
    knows: (subject, subscribed) =>
      until(
        `${subject} is known`,
        async () => await count((route) => route.subscriptions_list?.includes(subject) === true) >= subscribed * (members - 1),
      ),
    [Symbol.asyncDispose]: async () => void await Promise.all(servers.map((server) => server.kill())),
  };
}

/** The end of a connection between two members, with what the other one is subscribed to. */
interface Route {
  readonly subscriptions_list?: readonly string[];
}

async function routesOf(monitorPort: number): Promise<readonly Route[]> {
  return (await (await fetch(`http://127.0.0.1:${monitorPort}/routez?subs=1`)).json()).routes ?? [];
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`Not within ${START_TIMEOUT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

class Server implements NatsServer {
  readonly address: string;
  readonly #args: readonly string[];
  #shell: Deno.ChildProcess | undefined;
  #output: Promise<void> | undefined;

  constructor(port: number, args: readonly string[]) {
    this.address = `127.0.0.1:${port}`;
    this.#args = args;
  }

  async start(): Promise<void> {
    const shell = new Deno.Command("/bin/sh", {
      args: ["-c", SHELL, "sh", "nats-server", ...this.#args],
      clearEnv: true,
      env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/bin` },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#shell = shell;
    const ready = Promise.withResolvers<void>();
    this.#output = readUntilReady(shell.stderr, ready);
    await within(START_TIMEOUT_MS, "nats-server is ready", ready.promise);
  }

  async kill(): Promise<void> {
    const shell = this.#shell;
    if (shell === undefined) return;
    this.#shell = undefined;
    await shell.stdin.close();
    await shell.status;
    await this.#output;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Reads to the end, so that the server never waits for its reader. */
async function readUntilReady(stderr: ReadableStream<Uint8Array<ArrayBuffer>>, ready: PromiseWithResolvers<void>): Promise<void> {
  let text = "";
  for await (const chunk of stderr.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("Server is ready")) ready.resolve();
  }
  ready.reject(new Error(`nats-server ended before it was ready (Debian's package nats-server has it):\n${text}`));
}
