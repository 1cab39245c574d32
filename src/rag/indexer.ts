import type { Kysely } from "kysely";
import type { IndexDocumentRequest, IndexDocumentResponse } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Schema } from "../database/schema.ts";
import type { Embedder } from "./embeddings/types.ts";
import { extractText } from "./formats/extract.ts";
import { contentHash, type DocumentText, type PreparedDocument, prepareDocument } from "./prepare.ts";
import { requireWritable } from "./rooms/collection.ts";
import { readStored } from "./store_reads.ts";
import { storeDocuments } from "./store_writes.ts";
import { type ValidDocument, validDocument } from "./validate.ts";
import type { VectorSpaces } from "./vector_spaces.ts";
import { unit } from "./vectors.ts";

/** Chunks sent to the embedding server in one request. */
const EMBEDDED_AT_ONCE = 64;

/** What became of one request: an answer, or why not. */
export interface IndexOutcome {
  readonly response?: IndexDocumentResponse;
  readonly error?: ChatError;
}

interface Pending {
  readonly index: number;
  readonly valid: ValidDocument;
  readonly hash: string;
}

/** Brings documents into the index: checked, read, cut, embedded, and stored in one transaction for each collection. */
export class Indexer {
  readonly #db: Kysely<Schema>;
  readonly #embedder: Embedder | undefined;
  readonly #spaces: VectorSpaces;

  constructor(db: Kysely<Schema>, { embedder, spaces }: { readonly embedder: Embedder | undefined; readonly spaces: VectorSpaces }) {
    this.#db = db;
    this.#embedder = embedder;
    this.#spaces = spaces;
  }

  /** One outcome for each request, in order. Documents that are refused do not hold up the others; throws what concerns them all. */
  async index(requests: readonly IndexDocumentRequest[], signal: AbortSignal): Promise<IndexOutcome[]> {
    const outcomes: IndexOutcome[] = requests.map(() => ({}));
    const pending: Pending[] = [];
    for (const [index, request] of requests.entries()) {
      await refusable(outcomes, index, async () => {
        const valid = validDocument(request);
        requireWritable(valid.collection);
        pending.push({ index, valid, hash: await contentHash(toRequest(valid), this.#embedder?.model ?? "") });
      });
    }
    for (const [collection, group] of Map.groupBy(pending, (one) => one.valid.collection)) {
      await this.#indexInto(collection, group, { outcomes, signal });
    }
    return outcomes;
  }

  /** Cuts a plain text that is known to be in order, and embeds it, for whoever stores it. */
  async prepareText(valid: ValidDocument, signal: AbortSignal): Promise<PreparedDocument> {
    const hash = await contentHash(toRequest(valid), this.#embedder?.model ?? "");
    const { content: text, title, mediaType } = valid;
    return await this.#embedded(await prepareDocument(valid, { text, title, mediaType, contentHash: hash }), signal);
  }

  async #indexInto(
    collection: string,
    group: readonly Pending[],
    { outcomes, signal }: { readonly outcomes: IndexOutcome[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const stored = await readStored(this.#db, collection, group.map((one) => one.valid.documentId));
    const prepared: { readonly index: number; readonly document: PreparedDocument }[] = [];
    for (const { index, valid, hash } of group) {
      const known = stored.get(valid.documentId);
      const last = prepared.findLast((one) => one.document.documentId === valid.documentId);
      if (last === undefined && known?.content_hash === hash) {
        outcomes[index] = answered(valid.documentId, { chunks: known.chunk_count, language: known.language, unchanged: true });
      } else {
        await refusable(outcomes, index, async () => void prepared.push({ index, document: await this.#prepare(valid, hash, signal) }));
      }
    }
    if (signal.aborted) throw abortError(signal);
    if (prepared.length === 0) return;
    await storeDocuments(this.#db, collection, prepared.map((one) => one.document));
    for (const { index, document } of prepared) {
      outcomes[index] = answered(document.documentId, { chunks: document.chunks.length, language: document.language, unchanged: false });
    }
  }

  async #prepare(valid: ValidDocument, contentHash: string, signal: AbortSignal): Promise<PreparedDocument> {
    return await this.#embedded(await prepareDocument(valid, { ...await readText(valid), contentHash }), signal);
  }

  async #embedded(document: PreparedDocument, signal: AbortSignal): Promise<PreparedDocument> {
    if (this.#embedder === undefined) return document;
    const { model } = this.#embedder;
    const values = await embedAll(this.#embedder, document, signal);
    if (values[0] !== undefined) await this.#spaces.prepare(model, values[0].length);
    return { ...document, vectors: { model, values } };
  }
}

async function readText(valid: ValidDocument): Promise<Omit<DocumentText, "contentHash">> {
  const bytes = valid.contentBytes ?? new TextEncoder().encode(valid.content);
  const { text, title, mediaType } = await extractText(bytes, valid.mediaType);
  if (text.trim() === "") {
    throw new ChatError("invalid_argument", `The document has no text in it (read as ${mediaType})`, { field: "content" });
  }
  return { text, title: valid.title === "" ? title : valid.title, mediaType };
}

async function embedAll(embedder: Embedder, { chunks, title }: PreparedDocument, signal: AbortSignal): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let at = 0; at < chunks.length; at += EMBEDDED_AT_ONCE) {
    const texts = chunks.slice(at, at + EMBEDDED_AT_ONCE).map(({ heading, content }) =>
      [title, heading, content].filter(Boolean).join("\n")
    );
    vectors.push(...(await embedder.embed(texts, signal)).map(unit));
  }
  return vectors;
}

/** A refusal is one document's; anything else concerns the whole batch. */
async function refusable(outcomes: IndexOutcome[], index: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== "invalid_argument") throw error;
    outcomes[index] = { error };
  }
}

function answered(
  documentId: string,
  about: { readonly chunks: number; readonly language: string; readonly unchanged: boolean },
): IndexOutcome {
  return {
    response: { success: true, documentId, chunksIndexed: about.chunks, unchanged: about.unchanged, language: about.language },
  };
}

function toRequest({ contentBytes, ...rest }: ValidDocument): IndexDocumentRequest {
  return contentBytes === undefined ? rest : { ...rest, contentBytes };
}
