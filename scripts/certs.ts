/**
 * The command `deno task certs`: certificates to try TLS and mutual TLS with. Prints the two command lines that use them.
 * Exit codes: 0 done, 1 the files cannot be written, 2 the command line makes no sense.
 *
 * @module
 */
import { type CertsCommand, parseCertsCommand, USAGE } from "./certs/arguments.ts";
import { Authority, type Identity } from "./certs/certificate.ts";
import { ipBytes } from "../src/core/ip.ts";
import { UsageError } from "./chat/usage.ts";

const AUTHORITY = "Chat development authority";
const AUTHORITY_DAYS = 3650;
const THIS_MACHINE = ["localhost", "127.0.0.1", "::1"] as const;
/** What only the owner may read. */
const SECRET_MODE = 0o600;
const OPEN_MODE = 0o644;

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCertsCommand(args, (text) => ipBytes(text) !== undefined);
    console.log(command === undefined ? USAGE : await make(command));
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(
      isUsage ? `${error.message}\n\n${USAGE}` : `Cannot write the certificates: ${error instanceof Error ? error.message : error}`,
    );
    return isUsage ? 2 : 1;
  }
}

/** Writes the files; gives the lines that use them. */
async function make({ folder, names, client, validDays }: CertsCommand): Promise<string> {
  // Tasks run in the project's folder; paths are meant from where the person stands.
  const base = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const path = folder.startsWith("/") ? folder : folder === "." ? base : `${base}/${folder}`;
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  const authority = await readAuthority(path) ?? await Authority.create(AUTHORITY, { validDays: AUTHORITY_DAYS });
  await write(path, "ca", authority);
  await write(path, "server", await authority.issue({ names: [...names, ...THIS_MACHINE], validDays }));
  await write(path, "client", await authority.issue({ names: [client], validDays }));
  return instructions(path);
}

/** The authority of an earlier run, so that who trusted it goes on doing so. */
async function readAuthority(path: string): Promise<Authority | undefined> {
  const files = ["ca.pem", "ca-key.pem"].map((name) => Deno.readTextFile(`${path}/${name}`).catch(() => ""));
  const [cert = "", key = ""] = await Promise.all(files);
  return await Authority.load(AUTHORITY, { cert, key });
}

/** Key first: a server that looks in between finds a pair that does not belong together, and waits. */
async function write(path: string, name: string, { cert, key }: Identity): Promise<void> {
  await writeWhole(`${path}/${name}-key.pem`, key, SECRET_MODE);
  await writeWhole(`${path}/${name}.pem`, cert, OPEN_MODE);
}

/** Nobody sees half a file, or a key with another file's permissions. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const unfinished = `${path}.new`;
  await Deno.remove(unfinished).catch(() => {});
  await Deno.writeTextFile(unfinished, text, { mode, createNew: true });
  await Deno.rename(unfinished, path);
}

function instructions(path: string): string {
  const file = (name: string) => quoted(`${path}/${name}.pem`);
  const server = ["GRPC_TLS_ENABLED=true", `GRPC_TLS_CERT_PATH=${file("server")}`, `GRPC_TLS_KEY_PATH=${file("server-key")}`];
  return [
    "# the server; without GRPC_TLS_CA_PATH it takes clients that have no certificate",
    `${server.join(" ")} GRPC_TLS_CA_PATH=${file("ca")} deno task start`,
    "# a client",
    `deno task chat tail --tls-ca ${file("ca")} --tls-cert ${file("client")} --tls-key ${file("client-key")}`,
  ].join("\n");
}

/** As a shell reads it. */
function quoted(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
