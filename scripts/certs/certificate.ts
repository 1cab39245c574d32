/**
 * An authority for development and tests, and the certificates that it signs: X.509 version 3 (RFC 5280), keys on the curve P-256, by the
 * runtime's own cryptography.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { bitString, context, integer, octetString, oid, pem, pemBytes, sequence, setOf, time, TRUE, utf8String } from "./der.ts";
import { ipBytes } from "../../src/core/ip.ts";

/** A certificate and its private key, both PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says besides who signed it. */
export interface CertificateOptions {
  /** Host names and IP addresses, at least one; the first is also the subject's common name. */
  readonly names: readonly string[];
  /** From a minute ago, so that clocks may differ. */
  readonly validDays: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Of a common name, in characters (RFC 5280, appendix A); what identifies is the alternative names. */
const MAX_COMMON_NAME = 64;
const DAY_MS = 86_400_000;
const ALLOWED_CLOCK_ERROR_MS = 60_000;
const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
const SERVER_AUTH = oid("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH = oid("1.3.6.1.5.5.7.3.2");

/** Signs certificates. */
export class Authority implements Identity {
  readonly cert: string;
  readonly key: string;
  readonly #name: string;
  readonly #signer: CryptoKey;
  readonly #publicKey: Uint8Array<ArrayBuffer>;

  private constructor(name: string, identity: Identity, keys: { readonly signer: CryptoKey; readonly publicKey: Uint8Array<ArrayBuffer> }) {
    this.cert = identity.cert;
    this.key = identity.key;
    this.#name = name;
    this.#signer = keys.signer;
    this.#publicKey = keys.publicKey;
  }

  /** A new authority. */
  static async create(name: string, { validDays }: { readonly validDays: number }): Promise<Authority> {
    const { signer, publicKey, key } = await newKeys();
    const extensions = [
      extension("2.5.29.19", sequence(TRUE, integer(Uint8Array.of(0))), "critical"),
      // Signs certificates and lists of those that were taken back.
      extension("2.5.29.15", bitString(Uint8Array.of(0b0000_0110), 1), "critical"),
      await subjectKeyId(publicKey),
    ];
    const cert = await certificate({ issuer: name, subject: name, signer, publicKey, validDays, extensions });
    return new Authority(name, { cert, key }, { signer, publicKey });
  }

  /** One that was made before; undefined when these are not certificate and key of one authority with this name that is still valid. */
  static async load(name: string, identity: Identity): Promise<Authority | undefined> {
    try {
      const cert = new X509Certificate(identity.cert);
      const signer = await crypto.subtle.importKey("pkcs8", pemBytes(identity.key), ALGORITHM, true, ["sign"]);
      const publicKey = Uint8Array.from(cert.publicKey.export({ type: "spki", format: "der" }));
      const own = await publicKeyOf(signer);
      const holds = cert.ca && cert.subject === `CN=${name}` && cert.validToDate.getTime() > Date.now() &&
        publicKey.toHex() === own.toHex();
      return holds ? new Authority(name, identity, { signer, publicKey }) : undefined;
    } catch {
      return undefined;
    }
  }

  /** A new key and a certificate for it, good for servers and for clients. */
  async issue({ names, validDays }: CertificateOptions): Promise<Identity> {
    const { publicKey, key } = await newKeys();
    const extensions = [
      extension("2.5.29.19", sequence(), "critical"),
      // Signs handshakes, and nothing else.
      extension("2.5.29.15", bitString(Uint8Array.of(0b1000_0000), 7), "critical"),
      extension("2.5.29.37", sequence(SERVER_AUTH, CLIENT_AUTH)),
      extension("2.5.29.17", sequence(...names.map(alternativeName))),
      await subjectKeyId(publicKey),
      extension("2.5.29.35", sequence(context(0, await keyId(this.#publicKey), { constructed: false }))),
    ];
    const shared = { issuer: this.#name, subject: names[0] ?? "", signer: this.#signer, publicKey };
    return { cert: await certificate({ ...shared, validDays, extensions }), key };
  }
}

interface Certificate {
  readonly issuer: string;
  readonly subject: string;
  readonly signer: CryptoKey;
  /** As a SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly validDays: number;
  readonly extensions: readonly Uint8Array[];
}

async function certificate({ issuer, subject, signer, publicKey, validDays, extensions }: Certificate): Promise<string> {
  const fromMs = Date.now() - ALLOWED_CLOCK_ERROR_MS;
  const serial = crypto.getRandomValues(new Uint8Array(16));
  const signed = sequence(
    context(0, integer(Uint8Array.of(2)), { constructed: true }), // version 3
    integer(serial),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(time(new Date(fromMs)), time(new Date(fromMs + validDays * DAY_MS))),
    commonName(subject),
    publicKey,
    context(3, sequence(...extensions), { constructed: true }),
  );
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, signer, signed));
  // The two numbers of the signature, which the runtime gives side by side.
  const pair = sequence(integer(signature.subarray(0, 32)), integer(signature.subarray(32)));
  return pem("CERTIFICATE", sequence(signed, ecdsaWithSha256, bitString(pair)));
}

async function newKeys(): Promise<{ readonly signer: CryptoKey; readonly publicKey: Uint8Array<ArrayBuffer>; readonly key: string }> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const [pkcs8, spki] = await Promise.all([crypto.subtle.exportKey("pkcs8", privateKey), crypto.subtle.exportKey("spki", publicKey)]);
  return { signer: privateKey, publicKey: new Uint8Array(spki), key: pem("PRIVATE KEY", new Uint8Array(pkcs8)) };
}

async function publicKeyOf(signer: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const { d: _secret, key_ops: _uses, ...open } = await crypto.subtle.exportKey("jwk", signer);
  const key = await crypto.subtle.importKey("jwk", open, ALGORITHM, true, ["verify"]);
  return new Uint8Array(await crypto.subtle.exportKey("spki", key));
}

function commonName(name: string): Uint8Array {
  return sequence(setOf(sequence(oid("2.5.4.3"), utf8String(name.slice(0, MAX_COMMON_NAME)))));
}

function extension(id: string, value: Uint8Array, critical?: "critical"): Uint8Array {
  return sequence(oid(id), ...(critical === undefined ? [] : [TRUE]), octetString(value));
}

function alternativeName(name: string): Uint8Array {
  const ip = ipBytes(name);
  return ip === undefined ? context(2, new TextEncoder().encode(name), { constructed: false }) : context(7, ip, { constructed: false });
}

async function subjectKeyId(publicKey: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return extension("2.5.29.14", octetString(await keyId(publicKey)));
}

/** 160 bits of the key's SHA-256, as RFC 7093 has it. */
async function keyId(publicKey: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey)).subarray(0, 20);
}
