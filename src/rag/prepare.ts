import type { IndexDocumentRequest } from "../contracts/mod.ts";
import { termOf, type Token, tokensAndParts } from "../text/analysis.ts";
import { chunksOf } from "./chunks.ts";
import { judgeLanguage } from "../text/language.ts";
import { isCorrectable } from "./words.ts";

/** For how many occurrences in the chunk a word of the title, or of a heading above the chunk, counts. */
const TITLE_WEIGHT = 2;
const HEADING_WEIGHT = 1;
/** Chunks analysed before other work gets a turn: a few milliseconds. */
const CHUNKS_A_TURN = 16;

/** A chunk ready to be stored. */
export interface PreparedChunk {
  readonly start: number;
  readonly end: number;
  readonly heading: string;
  readonly content: string;
  /** Terms with how often they occur. */
  readonly counts: ReadonlyMap<string, number>;
  /** All counts together, but for stop words that were kept. */
  readonly length: number;
}

/** A document ready to be stored. */
export interface PreparedDocument {
  readonly documentId: string;
  readonly content: string;
  readonly contentHash: string;
  readonly title: string;
  readonly mediaType: string;
  readonly language: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly chunks: readonly PreparedChunk[];
  /** Distinct words that unknown words may be corrected to. */
  readonly words: readonly string[];
  /** One for each chunk, when embeddings are configured. */
  readonly vectors?: { readonly model: string; readonly values: readonly Float32Array[] };
}

/** Text that has been taken out of whatever format the document came in. */
export interface DocumentText {
  readonly text: string;
  readonly title: string;
  readonly mediaType: string;
  readonly contentHash: string;
}

/** Cuts a text into chunks and takes them apart into terms. */
export async function prepareDocument(
  request: Pick<IndexDocumentRequest, "documentId" | "metadata" | "language">,
  { text, title, mediaType, contentHash }: DocumentText,
): Promise<PreparedDocument> {
  const { language, sure } = request.language ? { language: request.language, sure: true } : judgeLanguage(text);
  const words = new Set<string>();
  const chunks: PreparedChunk[] = [];
  for (const { start, end, heading } of chunksOf(text)) {
    if (chunks.length % CHUNKS_A_TURN === CHUNKS_A_TURN - 1) await new Promise((resolve) => setTimeout(resolve));
    const content = text.slice(start, end);
    const counts = new Map<string, number>();
    let length = 0;
    const count = (token: Token, times: number) => {
      if (isCorrectable(token)) words.add(token.word);
      const telling = termOf(token, language);
      // A stop word of a language that the text may not be in may be what it is about; it makes no text longer.
      const term = telling ?? (sure ? undefined : termOf(token, "und"));
      if (term === undefined) return;
      counts.set(term, (counts.get(term) ?? 0) + times);
      if (telling !== undefined) length += times;
    };
    for (const token of tokensAndParts(content)) count(token, 1);
    for (const token of tokensAndParts(title)) count(token, TITLE_WEIGHT);
    for (const token of tokensAndParts(heading)) count(token, HEADING_WEIGHT);
    chunks.push({ start, end, heading, content, counts, length });
  }
  const { documentId, metadata = {} } = request;
  return { documentId, content: text, contentHash, title, mediaType, language, metadata, chunks, words: [...words] };
}

/** Names everything that decides what is stored, so that equal hashes mean there is nothing to do. */
export async function contentHash(request: IndexDocumentRequest, embeddingModel: string): Promise<string> {
  const { content = "", title = "", mediaType = "", language = "", metadata = {}, contentBytes } = request;
  const entries = Object.entries(metadata).toSorted(([left], [right]) => left < right ? -1 : 1);
  const head = new TextEncoder().encode(JSON.stringify([INDEX_VERSION, embeddingModel, title, mediaType, language, entries, content]));
  const bytes = new Uint8Array(head.length + (contentBytes?.length ?? 0));
  bytes.set(head);
  if (contentBytes !== undefined) bytes.set(contentBytes, head.length);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Raised whenever the same document would be cut or taken apart in another way, so that indexing it again brings it up to date. */
const INDEX_VERSION = 4;
