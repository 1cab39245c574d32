import { ChatError } from "../../src/core/errors.ts";
import { isKeyId } from "../../src/plugin/packages/signatures.ts";

/** A signature as it lies beside its archive. */
export interface SignatureFile {
  readonly key_id: string;
  /** Ed25519 over the archive's SHA-256, in base64. */
  readonly signature: string;
}

/** Only the owner may read it. */
const SECRET_MODE = 0o600;
const ALGORITHM = "Ed25519";

/** Makes a key pair in a file that is not there yet; gives the line for PLUGIN_TRUSTED_KEYS. */
export async function makeKeyFile(path: string, id: string): Promise<string> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
  const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)).toBase64();
  try {
    await Deno.writeTextFile(path, `${JSON.stringify({ id, private_key: secret }, undefined, 1)}\n`, {
      mode: SECRET_MODE,
      createNew: true,
    });
  } catch (cause) {
    const why = cause instanceof Deno.errors.AlreadyExists ? "it is there already" : cause instanceof Error ? cause.message : String(cause);
    throw new ChatError("failed_precondition", `The key file ${path} cannot be written: ${why}`, { cause });
  }
  return `${id}:${new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)).toBase64()}`;
}

/** Signs an archive's digest with a key file. */
export async function sign(digest: string, keyFile: string): Promise<SignatureFile> {
  const { id, key } = await readKey(keyFile);
  const signature = await crypto.subtle.sign(ALGORITHM, key, Uint8Array.fromHex(digest));
  return { key_id: id, signature: new Uint8Array(signature).toBase64() };
}

async function readKey(path: string): Promise<{ readonly id: string; readonly key: CryptoKey }> {
  try {
    const { id, private_key } = JSON.parse(await Deno.readTextFile(path));
    if (!isKeyId(String(id))) throw new Error("it has no id");
    return { id, key: await crypto.subtle.importKey("pkcs8", Uint8Array.fromBase64(private_key), ALGORITHM, false, ["sign"]) };
  } catch (cause) {
    throw new ChatError("failed_precondition", `The key file ${path} cannot be used: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
