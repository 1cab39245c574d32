/**
 * Makes connections to whichever of several NATS servers answers. The client library's own reconnecting is off: it would go on with addresses
 * that it heard from the servers, to which this process has no permission, and would not say what was lost.
 *
 * @module
 */
import {
  AuthorizationError,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  type TlsOptions,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import { isIP } from "node:net";
import { ChatError } from "../core/errors.ts";
import { connectNats } from "./nats_transport.ts";

/** Where NATS is and as whom to go there. Holds secrets: never logged. */
export interface NatsOptions {
  /** `host:port`, one or more members of one cluster; IPv6 in brackets. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** A credentials file: a JWT and its seed. */
  readonly credsPath?: string;
  /** A file with the seed of an NKey. */
  readonly nkeyPath?: string;
  /** TLS, with these files where they are given: whom to trust instead of the system's authorities, and one's own certificate. */
  readonly tls?: { readonly caPath?: string; readonly certPath?: string; readonly keyPath?: string };
}

/** A server that takes longer is passed over. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Nothing but pings would find that the other end went silent: it is lost after two that were not answered. */
const PING_MS = 5_000;

/** Makes connections; the files have been read. */
export class NatsConnector {
  readonly #servers: readonly string[];
  readonly #shared: ConnectionOptions;
  readonly #tls: TlsOptions | undefined;

  private constructor(servers: readonly string[], shared: ConnectionOptions, tls: TlsOptions | undefined) {
    this.#servers = servers;
    this.#shared = shared;
    this.#tls = tls;
  }

  /** Reads the files. Throws `failed_precondition` when one cannot be read. */
  static async create(options: NatsOptions): Promise<NatsConnector> {
    const { user, password, token } = options;
    const shared: ConnectionOptions = {
      name: "chat",
      reconnect: false,
      // The server then tells every other member, never the sender.
      noEcho: true,
      // Names are looked up by the socket itself: permissions are for names.
      resolve: false,
      ignoreClusterUpdates: true,
      timeout: CONNECT_TIMEOUT_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ...(user === undefined ? {} : { user, pass: password ?? "" }),
      ...(token === undefined ? {} : { token }),
      ...await readAuthenticator(options),
    };
    return new NatsConnector(options.servers, shared, await readTls(options.tls));
  }

  /** For the log. */
  get where(): string {
    return this.#servers.join(", ");
  }

  /** A connection to the first server that answers, in an order of chance. Rejects with the last one's error. */
  async connect(): Promise<NatsConnection> {
    let lastError: unknown;
    for (const server of shuffled(this.#servers)) {
      try {
        return await connectNats({ ...this.#shared, servers: server, ...this.#tlsFor(server) });
      } catch (error) {
        lastError = error;
      }
    }
    throw lastError;
  }

  /** The sentence for an error that trying again does not mend; undefined for any other. */
  refusal(error: unknown): ChatError | undefined {
    if (!(error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError)) return undefined;
    return new ChatError("failed_precondition", `NATS at ${this.where} refuses the credentials that the NATS settings give`, {
      cause: error,
    });
  }

  /** With the host to hold the certificate to, which the library would not give; a name is also told to the server, an address may not be. */
  #tlsFor(server: string): { tls?: TlsOptions } {
    if (this.#tls === undefined) return {};
    const host = server.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
    return { tls: Object.assign({ host, servername: isIP(host) === 0 ? host : "" }, this.#tls) };
  }
}

async function readAuthenticator({ credsPath, nkeyPath }: NatsOptions): Promise<Pick<ConnectionOptions, "authenticator">> {
  if (credsPath !== undefined) return { authenticator: credsAuthenticator(await readFile("NATS_CREDS_PATH", credsPath)) };
  if (nkeyPath === undefined) return {};
  const seed = new TextDecoder().decode(await readFile("NATS_NKEY_PATH", nkeyPath)).trim();
  return { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) };
}

async function readTls(tls: NatsOptions["tls"]): Promise<TlsOptions | undefined> {
  if (tls === undefined) return undefined;
  const read = async (name: string, path: string | undefined) =>
    path === undefined ? undefined : new TextDecoder().decode(await readFile(name, path));
  const [ca, cert, key] = await Promise.all([
    read("NATS_TLS_CA_PATH", tls.caPath),
    read("NATS_TLS_CERT_PATH", tls.certPath),
    read("NATS_TLS_KEY_PATH", tls.keyPath),
  ]);
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined || key === undefined ? {} : { cert, key }) };
}

async function readFile(setting: string, path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new ChatError("failed_precondition", `The file ${path} of ${setting} cannot be read`, { field: setting, cause });
  }
}

/** So that the replicas spread over the members. */
function shuffled(servers: readonly string[]): readonly string[] {
  return servers.map((server) => ({ server, order: Math.random() })).sort((a, b) => a.order - b.order).map(({ server }) => server);
}
