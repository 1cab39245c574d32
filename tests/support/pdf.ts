import { Buffer } from "node:buffer";
import { constants, deflateRawSync } from "node:zlib";

const encoder = new TextEncoder();

/** A line of a made PDF: where its foot stands on the page and how large it is, in points. */
export interface PdfLine {
  readonly text: string;
  readonly size: number;
  readonly y: number;
}

/** A small PDF of one page a list of lines; `title` and `extra` (such as an /Encrypt entry) go into its trailer. */
export function makePdf(
  pages: readonly (readonly PdfLine[])[],
  { title = "", extra = "" }: { readonly title?: string; readonly extra?: string } = {},
): Uint8Array {
  const contents = pages.map((lines) => lines.map(({ text, size, y }) => `BT /F1 ${size} Tf 40 ${y} Td (${text}) Tj ET`).join("\n"));
  return makePdfOf(contents.map((content) => ({ dictionary: "", bytes: encoder.encode(content) })), `${extra} /Info <</Title (${title})>>`);
}

/** A small PDF of one page a content stream, given as bytes with what its dictionary says of their encoding. */
export function makePdfOf(streams: readonly { readonly dictionary: string; readonly bytes: Uint8Array }[], trailer = ""): Uint8Array {
  const kids = streams.map((_, index) => `${4 + index * 2} 0 R`).join(" ");
  const parts: (string | Uint8Array)[] = [
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
    `2 0 obj<</Type/Pages/Kids[${kids}]/Count ${streams.length}>>endobj\n`,
    "3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n",
  ];
  for (const [index, { dictionary, bytes }] of streams.entries()) {
    const page = 4 + index * 2;
    const resources = "/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>";
    parts.push(`${page} 0 obj<</Type/Page/Parent 2 0 R/Contents ${page + 1} 0 R${resources}>>endobj\n`);
    parts.push(`${page + 1} 0 obj<</Length ${bytes.length}${dictionary}>>stream\n`, bytes, "\nendstream endobj\n");
  }
  parts.push(`trailer<</Root 1 0 R${trailer}>>\n%%EOF\n`);
  return new Uint8Array(concatenated(parts.map((part) => typeof part === "string" ? encoder.encode(part) : part)));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A small PDF whose page unpacks to so many megabytes of white space: one of them is packed, so that it can stand any number of times. */
export function pdfBomb(mebibytes: number): Uint8Array {
  const one = deflateRawSync(new Uint8Array(1024 * 1024).fill(32), { finishFlush: constants.Z_FULL_FLUSH });
  const [begin, end] = [Uint8Array.of(0x78, 0x9c), Uint8Array.of(3, 0)];
  return makePdfOf([{ dictionary: "/Filter/FlateDecode", bytes: Buffer.concat([begin, ...Array(mebibytes).fill(one), end]) }]);
}
