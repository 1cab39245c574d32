import { createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsPaths } from "../config/config.ts";
import { ChatError } from "../core/errors.ts";
import { ServerCredentials } from "../wire/grpc_js.ts";

/** The server's credentials: plain text without paths, TLS with them, mutual TLS with a CA. Throws `failed_precondition` naming the setting. */
export async function serverCredentials(paths: TlsPaths | undefined): Promise<ServerCredentials> {
  if (paths === undefined) return ServerCredentials.createInsecure();
  const [cert, key, ca] = await Promise.all([
    pem("GRPC_TLS_CERT_PATH", paths.certPath),
    pem("GRPC_TLS_KEY_PATH", paths.keyPath),
    paths.caPath === undefined ? undefined : pem("GRPC_TLS_CA_PATH", paths.caPath),
  ]);
  if (!belongTogether(cert, key)) {
    const text =
      `Certificate ${paths.certPath} and key ${paths.keyPath} (GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH) are broken or do not belong together`;
    throw new ChatError("failed_precondition", text);
  }
  // Always with an explicit CA: without one grpc-js takes the file that GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names, and Deno then fails every
  // handshake. Where no client certificate is asked for, the CA has no effect.
  return ServerCredentials.createSsl(ca ?? cert, [{ private_key: key, cert_chain: cert }], ca !== undefined);
}

/** Otherwise nobody would notice before the first client fails. */
function belongTogether(cert: Buffer, key: Buffer): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function pem(setting: string, path: string): Promise<Buffer> {
  const bytes = await Deno.readFile(path).catch((cause) => {
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : cause.message;
    throw new ChatError("failed_precondition", `Cannot read ${path} (${setting}): ${why}`, { cause });
  });
  const text = new TextDecoder().decode(bytes);
  if (!/-----BEGIN [A-Z ]+-----/.test(text)) throw new ChatError("failed_precondition", `File ${path} (${setting}) holds no PEM text`);
  return Buffer.from(bytes);
}
