import type { ClientTls } from "../../src/clients/options.ts";
import { UsageError } from "./usage.ts";

/** The TLS options of every command that calls the server, for `parseArgs`. */
export const TLS_OPTIONS = {
  "tls-ca": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
} as const;

/** What `--help` says of them. */
export const TLS_USAGE = `  --tls-ca FILE         speak TLS and trust these authorities (PEM)
  --tls-cert FILE       show this certificate, for a server that asks for one; with --tls-key
  --tls-key FILE        its private key`;

/** The files that were named. */
export interface TlsFiles {
  readonly caPath?: string;
  readonly certPath?: string;
  readonly keyPath?: string;
}

/** The files of a command line; undefined: plain text. Throws {@link UsageError} where one is missing. */
export function tlsFiles(
  values: { readonly "tls-ca"?: string; readonly "tls-cert"?: string; readonly "tls-key"?: string },
): TlsFiles | undefined {
  const { "tls-ca": caPath, "tls-cert": certPath, "tls-key": keyPath } = values;
  if (caPath === undefined && certPath === undefined && keyPath === undefined) return undefined;
  if ((certPath === undefined) !== (keyPath === undefined)) {
    throw new UsageError("Options --tls-cert and --tls-key belong together, only one is given");
  }
  return {
    ...(caPath === undefined ? {} : { caPath }),
    ...(certPath === undefined || keyPath === undefined ? {} : { certPath, keyPath }),
  };
}

/** Reads the files, which are meant from where the person stands. Throws {@link UsageError} for one that cannot be read. */
export async function readTls(files: TlsFiles | undefined): Promise<{ readonly tls?: ClientTls }> {
  if (files === undefined) return {};
  const [ca, cert, key] = await Promise.all([files.caPath, files.certPath, files.keyPath].map(read));
  return { tls: { ...(ca === undefined ? {} : { ca }), ...(cert === undefined || key === undefined ? {} : { cert, key }) } };
}

async function read(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await Deno.readTextFile(path.startsWith("/") ? path : `${Deno.env.get("INIT_CWD") ?? Deno.cwd()}/${path}`);
  } catch (error) {
    throw new UsageError(`File ${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
