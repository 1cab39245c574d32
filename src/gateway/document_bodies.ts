/**
 * Documents as requests carry them: JSON, the file itself, a form with the file in it, or a JSON text a line.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { IndexDocumentRequest } from "../contracts/mod.ts";
import { ChatError, invalidField } from "../core/errors.ts";
import { bodyChunks, readBytes, readJson, tooLarge } from "./body.ts";
import type { GatewayEnv } from "./context.ts";
import { LINES_TYPE } from "./media_types.ts";
import { contractNames } from "./names.ts";
import { HttpRefusal } from "./problem.ts";
import { bytes, metadata, shaped, text } from "./shape.ts";

/** The largest body of one document: 16 MiB of content, as the service takes it, with what JSON or a form puts around it. */
export const MAX_DOCUMENT_BODY_BYTES = 20_971_520;
/** Files that are taken as they are. */
export const DOCUMENT_TYPES = ["text/plain", "text/markdown", "text/html", "application/pdf"] as const;
const FORM_TYPE = "multipart/form-data";
const TYPES_BY_ENDING: Readonly<Record<string, string>> = {
  ...{ txt: "text/plain", md: "text/markdown", markdown: "text/markdown" },
  ...{ html: "text/html", htm: "text/html", pdf: "application/pdf" },
};

const fields = {
  content: text.optional(),
  content_bytes: bytes.optional(),
  metadata: metadata.optional(),
  collection: text.optional(),
  title: text.optional(),
  media_type: text.optional(),
  language: text.optional(),
};

/** A document as JSON, but for its id. */
export const documentBody = z.strictObject(fields).openapi("NewDocument", {
  example: { content: "Everybody has 30 days off a year", title: "Holidays", metadata: { year: "2026" } },
});
const lineBody = z.strictObject({ document_id: text.default(""), ...fields });
const formFields = z.strictObject({
  document_id: text.optional(),
  collection: text.optional(),
  title: text.optional(),
  media_type: text.optional(),
  language: text.optional(),
});

const [bodyNames, lineNames, formNames] = [contractNames(documentBody), contractNames(lineBody), contractNames(formFields)];

/** The body of a `PUT`: JSON, or the file itself. */
export async function putDocument(c: Context<GatewayEnv>): Promise<Partial<IndexDocumentRequest>> {
  const type = mediaTypeOf(c.req.header("content-type"));
  const mediaType = DOCUMENT_TYPES.find((known) => known === type);
  if (mediaType === undefined) return bodyNames(shaped(documentBody, await readJson(c, MAX_DOCUMENT_BODY_BYTES)));
  return { mediaType, contentBytes: await readBytes(c, MAX_DOCUMENT_BODY_BYTES) };
}

/** A form with the file as `file`, and what else there is to say of it. */
export async function formDocument(c: Context<GatewayEnv>): Promise<IndexDocumentRequest> {
  requireType(c, FORM_TYPE);
  const form = await readForm(c);
  const file = form.get("file");
  if (!(file instanceof File)) throw invalidField("file", "must be a file of the form, got none");
  const entries = new Map<string, string>();
  for (const [name, value] of form) {
    if (name === "file" && value === file) continue;
    if (entries.has(name) || typeof value !== "string") throw invalidField(name.slice(0, 80), "must be given once, as text");
    entries.set(name, value);
  }
  const isMetadata = ([name]: [string, string]) => name.startsWith("metadata.");
  const given = formNames(shaped(formFields, Object.fromEntries([...entries].filter((entry) => !isMetadata(entry)))));
  const meta = Object.fromEntries([...entries].filter(isMetadata).map(([name, value]) => [name.slice("metadata.".length), value]));
  return {
    ...{ mediaType: fileType(file), metadata: meta, ...given },
    ...{ documentId: given.documentId ?? file.name, contentBytes: new Uint8Array(await file.arrayBuffer()) },
  };
}

/** A document a line, as they come. */
export async function* documentLines(c: Context<GatewayEnv>): AsyncGenerator<IndexDocumentRequest> {
  requireType(c, LINES_TYPE);
  let number = 0;
  for await (const line of lines(c)) {
    number++;
    if (line.trim() !== "") yield lineNames(shaped(lineBody, parsed(line, number)));
  }
}

async function* lines(c: Context<GatewayEnv>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of bodyChunks(c)) {
    const [first = "", ...more] = decoded(decoder, chunk).split("\n");
    rest += first;
    if (rest.length > MAX_DOCUMENT_BODY_BYTES) throw tooLarge(rest.length, MAX_DOCUMENT_BODY_BYTES);
    for (const next of more) {
      yield rest;
      rest = next;
    }
  }
  yield rest + decoded(decoder);
}

function decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new ChatError("invalid_argument", "The body must be UTF-8, got other bytes", { cause: error });
  }
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ChatError("invalid_argument", `Each line must be JSON, got line ${number} that is not`, { cause: error });
  }
}

async function readForm(c: Context<GatewayEnv>): Promise<FormData> {
  const body = await readBytes(c, MAX_DOCUMENT_BODY_BYTES);
  try {
    return await new Response(body, { headers: { "content-type": c.req.header("content-type") ?? "" } }).formData();
  } catch (error) {
    throw new ChatError("invalid_argument", `The body must be a form, got ${body.byteLength} bytes that are not`, { cause: error });
  }
}

function requireType(c: Context<GatewayEnv>, type: string): void {
  const given = c.req.header("content-type");
  if (mediaTypeOf(given) === type) return;
  throw new HttpRefusal(
    415,
    `The body must be ${type}, got ${given === undefined ? "no content type" : JSON.stringify(given.slice(0, 80))}`,
    {
      "Accept": type,
    },
  );
}

/** As the form says, or, where that is nothing that is taken, as the file's name ends. */
function fileType({ type, name }: File): string {
  const given = mediaTypeOf(type);
  const isTaken = DOCUMENT_TYPES.some((known) => known === given);
  return isTaken ? given : TYPES_BY_ENDING[name.toLowerCase().split(".").at(-1) ?? ""] ?? given;
}

function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
}
