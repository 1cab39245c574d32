/**
 * The ways in which clients leave a server, and servers a client, that kill Deno's HTTP/2 without the cure.
 *
 * @module
 */
import { ca, serverCert, serverKey } from "../../tests/support/tls.ts";

const HERE = new URL("./", import.meta.url);

/** What every start of a soak shares. */
export interface SoakSettings {
  readonly withoutCure: boolean;
  /** Holds `ca.pem`, `cert.pem` and `key.pem`, see {@link writeCertificates}. */
  readonly tlsDir: string;
}

/** One way to leave. */
export interface Wave {
  readonly name: string;
  /** Arguments of http2_client.ts, or of h2load behind the word. */
  readonly client: readonly string[];
  /** The client is killed once its calls are in flight. */
  readonly kill?: true;
}

/** Each leaves while or after many calls were in flight. */
export const waves: readonly Wave[] = [
  { name: "GOAWAY after answers", client: ["--leave", "goaway", "--connections", "8"] },
  { name: "GOAWAY after idling", client: ["--leave", "goaway", "--idle-ms", "500"] },
  { name: "close after answers", client: ["--leave", "close", "--connections", "8"] },
  { name: "RST of half the calls", client: ["--leave", "rst", "--connections", "8", "--idle-ms", "2"] },
  { name: "destroy with calls in flight", client: ["--leave", "destroy", "--connections", "8"] },
  { name: "kill -9 with calls in flight", client: ["--leave", "stay", "--connections", "4"], kill: true },
];

/** Where h2load is installed: many connections, closed the moment the last answer is there. */
export const h2loadWave: Wave = { name: "h2load", client: ["h2load"] };

/** Writes the test certificates where child processes can read them. */
export async function writeCertificates(dir: string): Promise<void> {
  await Deno.writeTextFile(`${dir}/ca.pem`, ca);
  await Deno.writeTextFile(`${dir}/cert.pem`, serverCert);
  await Deno.writeTextFile(`${dir}/key.pem`, serverKey);
}

/** Starts a fresh server and sends it these waves; resolves to the name of the wave it died in, or nothing. */
export async function tormentServer(settings: SoakSettings, tls: boolean, sent: readonly Wave[]): Promise<string | undefined> {
  await using server = await startServer(settings, tls);
  for (const wave of sent) {
    await (wave.client[0] === "h2load" ? h2load(server.port, tls) : sendWave(server.port, tls, wave));
    // A server that was killed by the wave is gone by now, or does not answer.
    if (!await answers(server, tls)) return wave.name;
  }
  return undefined;
}

/** Starts a server and a client, and has the server leave while the client is idle; resolves to whether the client died. */
export async function tormentClient(settings: SoakSettings, tls: boolean): Promise<boolean> {
  await using server = await startServer(settings, tls);
  const args = ["--port", String(server.port), ...(tls ? ["--ca", `${settings.tlsDir}/ca.pem`] : []), ...cureArgs(settings)];
  const client = script("http2_victim.ts", args).spawn();
  const lines = readLines(client.stdout);
  const idle = await lines.next();
  server.process.kill("SIGTERM");
  const alive = await lines.next();
  await lines.return();
  const { signal } = await client.status;
  if (alive.value === "alive") return false;
  if (signal !== null) return true;
  throw new Error(`The client of the soak failed without dying, after "${idle.value}": run http2_victim.ts by hand to see why`);
}

/** Whether h2load can be run here. */
export async function hasH2load(): Promise<boolean> {
  const command = new Deno.Command("h2load", { args: ["--version"], stdout: "null", stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

interface ServerUnderTest extends AsyncDisposable {
  readonly port: number;
  readonly process: Deno.ChildProcess;
}

async function startServer(settings: SoakSettings, tls: boolean): Promise<ServerUnderTest> {
  const files = tls ? ["--cert", `${settings.tlsDir}/cert.pem`, "--key", `${settings.tlsDir}/key.pem`] : [];
  const process = script("http2_server.ts", [...files, ...cureArgs(settings)]).spawn();
  const { port } = JSON.parse(await firstLine(process.stdout) ?? "{}") as { port: number };
  const end = async () => {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await process.status;
  };
  return { port, process, [Symbol.asyncDispose]: end };
}

async function sendWave(port: number, tls: boolean, wave: Wave): Promise<void> {
  const process = script("http2_client.ts", ["--port", String(port), ...wave.client, ...(tls ? ["--tls"] : [])]).spawn();
  await firstLine(process.stdout);
  if (wave.kill) process.kill("SIGKILL");
  // A stranger's client that hangs on a dead server must not hold up the soak.
  const limit = setTimeout(() => process.kill("SIGKILL"), 5_000);
  await process.status;
  clearTimeout(limit);
}

async function h2load(port: number, tls: boolean): Promise<void> {
  const [connections, streams] = [1 + Math.floor(Math.random() * 24), 1 + Math.floor(Math.random() * 48)].map(String);
  const body = await Deno.makeTempFile();
  await Deno.writeFile(body, Uint8Array.fromHex("00000000130a0568656c6c6f1204736f616b1a0474657874"));
  const shape = ["-n", "4000", "-c", connections!, "-m", streams!, "-d", body, "-T", "5", "-N", "5"];
  const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}/chat.MessageService/CreateMessage`;
  await new Deno.Command("h2load", { args: [...shape, ...headers, url], stdout: "null", stderr: "null" }).output();
  await Deno.remove(body);
}

/** One more client that leaves in peace; the server's process must be there afterwards. */
async function answers(server: ServerUnderTest, tls: boolean): Promise<boolean> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: server.port }).catch((error) => {
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset) return undefined;
    throw error;
  });
  tcp?.close();
  if (tcp === undefined) return false;
  const later = new Promise((resolve) => setTimeout(() => resolve("alive"), tls ? 60 : 30));
  return await Promise.race([server.process.status, later]) === "alive";
}

function script(name: string, args: readonly string[]): Deno.Command {
  // Not checked for types here: `deno task check` does that.
  const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-read", "--allow-sys"];
  const command = ["run", "--quiet", "--no-prompt", ...permissions, new URL(name, HERE).href, ...args];
  return new Deno.Command(Deno.execPath(), { args: command, stdin: "null", stdout: "piped", stderr: "null" });
}

function cureArgs(settings: SoakSettings): readonly string[] {
  return settings.withoutCure ? ["--without-cure"] : [];
}

/** The first line of a stream, if one comes; the rest is thrown away. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const lines = readLines(stream);
  const { value } = await lines.next();
  await lines.return();
  return value ?? undefined;
}

/** The lines of a stream as they come. */
async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
