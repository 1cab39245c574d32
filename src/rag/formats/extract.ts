import { decodeText, signatureOf } from "./decode.ts";
import { badDocument, type ExtractedText, MAX_TEXT_UNITS, shown } from "./document.ts";
import { htmlToText } from "./html.ts";
import { DocumentReader } from "./reader.ts";

/** Larger files are no documents for people to read. */
const MAX_BYTES = 32 * 1024 * 1024;
/** HTML up to this size is read on the spot in a few milliseconds; its reader is linear. */
const MAX_HTML_HERE = 64 * 1024;
/** Where PDF readers look for the header. */
const PDF_HEADER_BYTES = 1_024;

const reader = new DocumentReader();

/**
 * The text of a document of type text/plain (also: empty), text/markdown, text/html or application/pdf. A parameter `charset` of the type names the
 * encoding of a text without byte order mark; else it is UTF-8, or what an HTML page says of itself. Plain text stays as it is.
 * Throws `invalid_argument` for another type, for bytes that are not of the type, and for documents that cost too much to read.
 */
export async function extractText(bytes: Uint8Array, mediaType: string): Promise<ExtractedText> {
  const { bare, charset } = parsedType(mediaType);
  if (bytes.length > MAX_BYTES) throw badDocument(`The document must have at most ${MAX_BYTES} bytes, got ${bytes.length}`);
  return { ...await read(bytes, bare, charset), mediaType: bare };
}

/** Ends the thread that reads documents, where one stands ready; a later document starts it again. */
export async function closeExtraction(): Promise<void> {
  await reader.close();
}

async function read(bytes: Uint8Array, mediaType: string, charset: string): Promise<{ readonly text: string; readonly title: string }> {
  switch (mediaType) {
    case "application/pdf":
      checkPdf(bytes);
      return await reader.read({ format: "pdf", bytes });
    case "text/markdown":
      return await reader.read({ format: "markdown", text: textOf(bytes, mediaType, charset) });
    case "text/html": {
      const html = textOf(bytes, mediaType, charset);
      return html.length <= MAX_HTML_HERE ? htmlToText(html) : await reader.read({ format: "html", text: html });
    }
    case "text/plain":
      return { text: textOf(bytes, mediaType, charset), title: "" };
    default:
      throw badDocument(`The media type must be text/plain, text/markdown, text/html or application/pdf, got ${shown(mediaType)}`);
  }
}

function textOf(bytes: Uint8Array, mediaType: string, charset: string): string {
  const text = decodeText(bytes, { charset, mediaType });
  if (text.length > MAX_TEXT_UNITS) throw badDocument(`The document must have at most ${MAX_TEXT_UNITS} characters, got ${text.length}`);
  return text;
}

function parsedType(mediaType: string): { readonly bare: string; readonly charset: string } {
  const [bare = "", ...parameters] = mediaType.split(";").map((part) => part.trim());
  const charset = parameters.map((part) => /^charset\s*=\s*"?([^"]*)"?$/i.exec(part)?.[1]).find((value) => value !== undefined) ?? "";
  return { bare: bare.toLowerCase() || "text/plain", charset };
}

function checkPdf(bytes: Uint8Array): void {
  if (String.fromCharCode(...bytes.subarray(0, PDF_HEADER_BYTES)).includes("%PDF-")) return;
  const signature = signatureOf(bytes);
  throw badDocument(`The document is ${signature ?? (bytes.length === 0 ? "empty" : "something else")}, not a PDF`);
}
