import { Buffer } from "node:buffer";
import { ServerCredentials } from "../wire/grpc_js.ts";
import type { TlsFiles, TlsMaterial } from "../wire/tls_files.ts";

/** Who connects and does not finish its handshake is dropped; the runtime's own limit is two minutes. */
const HANDSHAKE_MS = 10_000;

/** The part of grpc-js 1.14's credentials that hands other files to servers that listen already. Connections that stand go on as they began. */
interface RenewableCredentials {
  _getConstructorOptions(): object;
  updateSecureContextOptions(options: ReturnType<typeof contextOptions>): void;
}

/** The server's credentials: plain text without files, TLS with them, mutual TLS with a CA; new handshakes use the files in force. */
export function serverCredentials(files: TlsFiles | undefined): ServerCredentials {
  if (files === undefined) return ServerCredentials.createInsecure();
  const { ca, cert, key } = contextOptions(files.current);
  const pairs = [{ private_key: key[0], cert_chain: cert[0] }];
  const credentials = ServerCredentials.createSsl(ca, pairs, files.current.ca !== undefined);
  const renewable = credentials as unknown as RenewableCredentials;
  Object.assign(renewable._getConstructorOptions(), { handshakeTimeout: HANDSHAKE_MS });
  files.watch({ onRenewed: (material) => renewable.updateSecureContextOptions(contextOptions(material)) });
  return credentials;
}

function contextOptions(material: TlsMaterial) {
  const [cert, key] = [Buffer.from(material.cert), Buffer.from(material.key)];
  // Always with an explicit CA: without one grpc-js takes the file that GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names, and Deno then fails every
  // handshake. Where no client certificate is asked for, the CA has no effect.
  const ca = material.ca === undefined ? cert : Buffer.from(material.ca);
  return { ca, cert: [cert] as [Buffer], key: [key] as [Buffer] };
}
