import type { PluginSignature } from "../../contracts/mod.ts";
import { ChatError, invalidField } from "../../core/errors.ts";

/** A key whose signatures count. */
export interface TrustedKey {
  readonly id: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

const MAX_SIGNATURES = 16;
const SIGNATURE_BYTES = 64;
const ALGORITHM = "Ed25519";

/**
 * The trusted keys whose signatures over the digest hold, each once. Throws `permission_denied` for a signature by a trusted key that does not hold, and
 * where there are trusted keys and none of them has signed. Keys that are not known say nothing.
 */
export async function requireSigned(
  digest: string,
  signatures: readonly PluginSignature[],
  trusted: readonly TrustedKey[],
): Promise<readonly string[]> {
  checkShape(signatures);
  const found = new Set<string>();
  for (const { keyId, signature } of signatures) {
    const key = trusted.find(({ id }) => id === keyId);
    if (key === undefined) continue;
    if (!await holds(key, signature, digest)) throw refused(`The signature by ${JSON.stringify(keyId)} is not over the archive ${digest}`);
    found.add(keyId);
  }
  if (trusted.length > 0 && found.size === 0) {
    const names = trusted.map(({ id }) => id).join(", ");
    const given = signatures.length === 0
      ? "none"
      : `only by ${signatures.map(({ keyId }) => JSON.stringify(keyId)).join(", ").slice(0, 256)}`;
    throw refused(`The archive ${digest} needs a signature by one of the trusted keys ${names}, and has ${given}`);
  }
  return [...found];
}

function checkShape(signatures: readonly PluginSignature[]): void {
  if (signatures.length > MAX_SIGNATURES) {
    throw invalidField("signatures", `must have at most ${MAX_SIGNATURES} entries, got ${signatures.length}`);
  }
  for (const [index, { signature, keyId }] of signatures.entries()) {
    if (!isKeyId(keyId)) {
      throw invalidField(
        `signatures[${index}].key_id`,
        `must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-", got ${JSON.stringify(keyId.slice(0, 64))}`,
      );
    }
    if (signature.length !== SIGNATURE_BYTES) {
      throw invalidField(`signatures[${index}].signature`, `must be ${SIGNATURE_BYTES} bytes, got ${signature.length}`);
    }
  }
}

/** Whether a text can name a key. */
export function isKeyId(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text);
}

function refused(text: string): ChatError {
  return new ChatError("permission_denied", text, { field: "signatures" });
}

async function holds({ publicKey }: TrustedKey, signature: Uint8Array, digest: string): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", Uint8Array.from(publicKey), ALGORITHM, false, ["verify"]);
  return await crypto.subtle.verify(ALGORITHM, key, Uint8Array.from(signature), Uint8Array.fromHex(digest));
}
