import type { ClientTls, MessageServiceClientOptions } from "../clients/options.ts";
import type { GrpcConfig, TlsPaths } from "../config/config.ts";
import { ChatError } from "../core/errors.ts";

/** How this process calls services that run elsewhere: as itself, and with its own limits. Throws `failed_precondition` for files that cannot be read. */
export async function callingOptions(grpc: GrpcConfig): Promise<Omit<MessageServiceClientOptions, "address">> {
  const tls = grpc.tls === undefined ? {} : { tls: await readClientTls(grpc.tls) };
  return { maxMessageBytes: grpc.maxMessageBytes, ...tls };
}

/** The server's own TLS files serve it as a client too: its certificate says who it is, the CA whom it trusts. */
async function readClientTls(paths: TlsPaths): Promise<ClientTls> {
  const [cert, key, ca] = await Promise.all(
    [paths.certPath, paths.keyPath, paths.caPath].map((path) => path === undefined ? undefined : readTls(path)),
  );
  return { ...(cert === undefined || key === undefined ? {} : { cert, key }), ...(ca === undefined ? {} : { ca }) };
}

async function readTls(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new ChatError("failed_precondition", `TLS file ${path} cannot be read`, { cause });
  }
}
