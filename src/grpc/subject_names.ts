/**
 * The subject alternative names of a certificate, from its bytes. The runtime's own text of them (`subjectaltname`) puts commas between names and
 * does not mark commas within them, so a certificate for the address `http://x/, DNS:gateway` would pass for one of `gateway`.
 *
 * @module
 */

/** One value of ASN.1's distinguished encoding: its tag and where its content lies. */
interface Value {
  readonly tag: number;
  readonly content: Uint8Array;
}

const SUBJECT_ALT_NAME = "551d11"; // 2.5.29.17
const EXTENSIONS = 0xa3;
const OCTET_STRING = 0x04;
/** GeneralName (RFC 5280, section 4.2.1.6): those whose content is text. */
const TEXTS: Readonly<Record<number, string>> = { 0x81: "email", 0x82: "DNS", 0x86: "URI" };
const IP_ADDRESS = 0x87;

/** Such as `DNS:gateway.chat`, `URI:spiffe://chat/gateway`, `email:a@b.c`, `IP:127.0.0.1`; empty where there are none, or they cannot be read. */
export function subjectAltNames(certificate: Uint8Array): readonly string[] {
  try {
    const [whole] = values(certificate);
    const [toBeSigned] = values(whole?.content);
    const extensions = values(toBeSigned?.content).find(({ tag }) => tag === EXTENSIONS);
    const [list] = values(extensions?.content);
    const found = values(list?.content).map(({ content }) => values(content)).find(([id]) => hex(id?.content) === SUBJECT_ALT_NAME);
    const [names] = values(found?.find(({ tag }) => tag === OCTET_STRING)?.content);
    return values(names?.content).flatMap(nameOf);
  } catch {
    return [];
  }
}

function nameOf({ tag, content }: Value): string[] {
  if (tag === IP_ADDRESS) return content.length === 4 ? [`IP:${content.join(".")}`] : [];
  const kind = TEXTS[tag];
  const text = String.fromCharCode(...content);
  // Names are ASCII without spaces; one that is not is nobody's.
  return kind !== undefined && /^[!-~]+$/.test(text) ? [`${kind}:${text}`] : [];
}

/** The values that follow each other in `bytes`; throws where they run over its end. */
function values(bytes: Uint8Array = new Uint8Array()): readonly Value[] {
  const found: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 4) throw new RangeError("A length that no certificate has");
      length = bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
      at += size;
    }
    if (at + length > bytes.length) throw new RangeError("A value that runs over the end");
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.toHex();
}
