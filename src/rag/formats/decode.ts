import { badDocument, shown } from "./document.ts";

/** Files that are taken for text by mistake, by how they begin. */
const SIGNATURES: readonly (readonly [name: string, begin: string])[] = [
  ["a PDF", "%PDF-"],
  ["a ZIP archive (as DOCX, XLSX, ODT and EPUB are)", "PK\x03\x04"],
  ["a ZIP archive", "PK\x05\x06"],
  ["gzip data", "\x1f\x8b"],
  ["a PNG image", "\x89PNG"],
  ["a JPEG image", "\xff\xd8\xff"],
  ["a GIF image", "GIF8"],
  ["an old Office document", "\xd0\xcf\x11\xe0"],
  ["an ELF program", "\x7fELF"],
  ["a 7z archive", "7z\xbc\xaf"],
  ["PostScript", "%!PS"],
];
const BYTE_ORDER_MARKS: readonly (readonly [charset: string, mark: string])[] = [
  ["utf-8", "\xef\xbb\xbf"],
  ["utf-16le", "\xff\xfe"],
  ["utf-16be", "\xfe\xff"],
];
/** What no text has, whatever its encoding; form feeds, escapes and their like do occur. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x06\x0e-\x1a\x1c-\x1f]/;
const META_CHARSET = /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w:.-]{1,40})/i;
/** Where the HTML standard looks for a charset. */
const META_BYTES = 1_024;

/** What the bytes are by how they begin, such as "a PNG image"; undefined when that is not known. */
export function signatureOf(bytes: Uint8Array): string | undefined {
  const begin = latin1(bytes.subarray(0, 8));
  return SIGNATURES.find(([, signature]) => begin.startsWith(signature))?.[0];
}

/**
 * Bytes as text: in the encoding of a byte order mark, else of `charset`, else UTF-8, else (HTML) what the page says of itself.
 * Throws `invalid_argument` for another kind of file, for an encoding that nobody knows, and where the bytes do not fit it.
 */
export function decodeText(bytes: Uint8Array, { charset, mediaType }: { readonly charset: string; readonly mediaType: string }): string {
  const signature = signatureOf(bytes);
  if (signature !== undefined) throw badDocument(`The document is ${signature}, not ${mediaType}`);
  const begin = latin1(bytes.subarray(0, 4));
  const mark = BYTE_ORDER_MARKS.find(([, mark]) => begin.startsWith(mark))?.[0];
  const text = decoded(
    bytes,
    mark ?? (charset || "utf-8"),
    () => mark === undefined && charset === "" ? metaCharset(bytes, mediaType) : undefined,
  );
  const control = text.search(CONTROL);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, "0");
    throw badDocument(`The document is binary, not ${mediaType}: character ${control} is U+${code}`);
  }
  return text;
}

function decoded(bytes: Uint8Array, charset: string, otherwise: () => string | undefined): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch (error) {
    throw badDocument(`The document's charset must be one of the Encoding Standard, got ${shown(charset)}`, error);
  }
  try {
    return decoder.decode(bytes);
  } catch (error) {
    const other = otherwise();
    if (other !== undefined && other !== charset) return decoded(bytes, other, () => undefined);
    const at = decoder.encoding === "utf-8" ? ` from byte ${firstBadByte(bytes)} on` : "";
    throw badDocument(`The document is not ${decoder.encoding.toUpperCase()}${at}; another charset can be named in the media type`, error);
  }
}

function metaCharset(bytes: Uint8Array, mediaType: string): string | undefined {
  if (mediaType !== "text/html") return undefined;
  return META_CHARSET.exec(latin1(bytes.subarray(0, META_BYTES)))?.[1]?.toLowerCase();
}

/** By halves: a prefix is good as long as only its end is cut off. */
function firstBadByte(bytes: Uint8Array): number {
  const fits = (length: number) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
