import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { ChatError } from "../core/errors.ts";

/** Where the PEM files of one end of a connection lie. */
export interface TlsFilePaths {
  readonly certPath: string;
  readonly keyPath: string;
  /** The authorities that the other end's certificate must be signed by. */
  readonly caPath?: string;
}

/** The files' texts, which belong together. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  /** When `cert` and the first of the authorities end, in milliseconds since 1970. */
  readonly certEndsAtMs: number;
  readonly caEndsAtMs?: number;
}

/** Told what became of the files. */
export interface TlsFilesListener {
  /** Other files are in force. */
  readonly onRenewed?: (material: TlsMaterial) => void;
  /** The files have changed to something that cannot be used; what was in force before stays. Told once for each change. */
  readonly onRefused?: (error: ChatError) => void;
}

/** Renewed certificates are put in place long before the old ones end, so this is soon enough. Three small files: it costs nothing. */
const LOOK_MS = 5_000;

/**
 * The TLS files of a process, read again when they change. Their texts are compared, not their dates: whichever way they were replaced (in place,
 * renamed over, a link to another folder as Kubernetes does it) is seen.
 */
export class TlsFiles {
  readonly #paths: TlsFilePaths;
  readonly #listeners = new Set<TlsFilesListener>();
  readonly #timer: ReturnType<typeof setInterval>;
  #current: TlsMaterial;
  #refused: string | undefined;
  #looking: Promise<void> | undefined;

  private constructor(paths: TlsFilePaths, first: TlsMaterial, lookMs: number) {
    this.#paths = paths;
    this.#current = first;
    this.#timer = setInterval(() => this.look(), lookMs);
  }

  /** Reads the files for the first time. Throws `failed_precondition` with one sentence that names file and setting. */
  static async open(paths: TlsFilePaths, { lookMs = LOOK_MS }: { readonly lookMs?: number } = {}): Promise<TlsFiles> {
    return new TlsFiles(paths, await readMaterial(paths), lookMs);
  }

  /** What is in force. */
  get current(): TlsMaterial {
    return this.#current;
  }

  /** Tells `listener` of changes until the returned function is called. */
  watch(listener: TlsFilesListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks at the files now; it happens by itself every few seconds. Never rejects. */
  look(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  /** Looks no more. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    return this.#looking ?? Promise.resolve();
  }

  async #look(): Promise<void> {
    try {
      const { cert, key, ca } = await readTexts(this.#paths);
      if (cert === this.#current.cert && key === this.#current.key && ca === this.#current.ca) return this.#take(this.#current);
      this.#take(toMaterial({ cert, key, ca }, this.#paths, "now"));
    } catch (error) {
      this.#refuse(error);
    }
  }

  #take(material: TlsMaterial): void {
    this.#refused = undefined;
    if (material === this.#current) return;
    this.#current = material;
    for (const { onRenewed } of this.#listeners) onRenewed?.(material);
  }

  #refuse(cause: unknown): void {
    const error = cause instanceof ChatError ? cause : new ChatError("failed_precondition", "The TLS files cannot be used", { cause });
    if (error.message === this.#refused) return;
    this.#refused = error.message;
    for (const { onRefused } of this.#listeners) onRefused?.(error);
  }
}

interface Texts {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

async function readMaterial(paths: TlsFilePaths): Promise<TlsMaterial> {
  return toMaterial(await readTexts(paths), paths);
}

async function readTexts({ certPath, keyPath, caPath }: TlsFilePaths): Promise<Texts> {
  const [cert, key, ca] = await Promise.all([
    pem("GRPC_TLS_CERT_PATH", certPath),
    pem("GRPC_TLS_KEY_PATH", keyPath),
    caPath === undefined ? undefined : pem("GRPC_TLS_CA_PATH", caPath),
  ]);
  return { cert, key, ca };
}

/** Checks that the texts can be used: with `when`, also that nothing has ended or not begun; a start with an ended certificate is only warned of. */
function toMaterial({ cert, key, ca }: Texts, paths: TlsFilePaths, when?: "now"): TlsMaterial {
  const own = certificates(cert)[0];
  if (own === undefined || !belongTogether(own, key)) {
    const text =
      `Certificate ${paths.certPath} and key ${paths.keyPath} (GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH) are broken or do not belong together`;
    throw new ChatError("failed_precondition", text);
  }
  const authorities = ca === undefined ? undefined : certificates(ca);
  if (authorities?.length === 0) {
    throw new ChatError("failed_precondition", `File ${paths.caPath} (GRPC_TLS_CA_PATH) holds no certificate that can be read`);
  }
  if (when === "now") checkTime(own, paths.certPath);
  const caEndsAtMs = authorities && Math.min(...authorities.map(({ validToDate }) => validToDate.getTime()));
  return {
    ...{ cert, key, certEndsAtMs: own.validToDate.getTime() },
    ...(ca === undefined ? {} : { ca }),
    ...(caEndsAtMs === undefined ? {} : { caEndsAtMs }),
  };
}

function checkTime({ validFromDate, validToDate }: X509Certificate, path: string): void {
  const nowMs = Date.now();
  if (validFromDate.getTime() <= nowMs && validToDate.getTime() > nowMs) return;
  const text =
    `Certificate ${path} (GRPC_TLS_CERT_PATH) is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}, not now`;
  throw new ChatError("failed_precondition", text);
}

/** Every certificate of a PEM text; none when one is broken. */
export function certificates(text: string): readonly X509Certificate[] {
  try {
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

/** Otherwise nobody would notice before the first client fails. */
function belongTogether(cert: X509Certificate, key: string): boolean {
  try {
    return cert.checkPrivateKey(createPrivateKey(Buffer.from(key)));
  } catch {
    return false;
  }
}

async function pem(setting: string, path: string): Promise<string> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : cause.message;
    throw new ChatError("failed_precondition", `Cannot read ${path} (${setting}): ${why}`, { cause });
  });
  if (!/-----BEGIN [A-Z ]+-----/.test(text)) throw new ChatError("failed_precondition", `File ${path} (${setting}) holds no PEM text`);
  return text;
}
