/**
 * The few forms of ASN.1's Distinguished Encoding Rules that a certificate is made of (ITU-T X.690).
 *
 * @module
 */

const encoder = new TextEncoder();

/** A value under its tag: `content` is the value's bytes, in pieces. */
export function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = content.reduce((sum, piece) => sum + piece.length, 0);
  return concat([Uint8Array.from([tag, ...lengthBytes(length)]), ...content]);
}

/** SEQUENCE. */
export function sequence(...items: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return der(0x30, ...items);
}

/** SET of one item. */
export function setOf(item: Uint8Array): Uint8Array<ArrayBuffer> {
  return der(0x31, item);
}

/** INTEGER, not negative, from its bytes, the highest first. */
export function integer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
  return der(0x02, (short[0] ?? 0) > 127 ? Uint8Array.of(0) : new Uint8Array(), short);
}

/** OBJECT IDENTIFIER such as `1.2.840.10045.2.1`. */
export function oid(text: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return der(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** BIT STRING, of which the last `unused` bits do not count. */
export function bitString(bytes: Uint8Array, unused = 0): Uint8Array<ArrayBuffer> {
  return der(0x03, Uint8Array.of(unused), bytes);
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return der(0x04, bytes);
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array<ArrayBuffer> {
  return der(0x0c, encoder.encode(text));
}

/** BOOLEAN, true; false is mostly a default, which DER leaves out. */
export const TRUE: Uint8Array<ArrayBuffer> = der(0x01, Uint8Array.of(0xff));

/** UTCTime to the second until 2049, GeneralizedTime after it, as RFC 5280 wants it. */
export function time(date: Date): Uint8Array<ArrayBuffer> {
  const digits = `${date.toISOString().replace(/\..*$/, "").replace(/\D/g, "")}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, encoder.encode(digits.slice(2))) : der(0x18, encoder.encode(digits));
}

/** A tag that only its context gives a meaning; `constructed` where the content is made of values. */
export function context(number: number, content: Uint8Array, { constructed }: { readonly constructed: boolean }): Uint8Array<ArrayBuffer> {
  return der((constructed ? 0xa0 : 0x80) + number, content);
}

/** The text form that files carry: RFC 7468. */
export function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** The bytes of the first block in a PEM text. */
export function pemBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(/-----BEGIN [A-Z ]+-----([^-]*)-----END/.exec(text)?.[1] ?? "");
}

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function lengthBytes(length: number): number[] {
  if (length < 128) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 + bytes.length, ...bytes];
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(rest % 128 + 128);
  return digits;
}
