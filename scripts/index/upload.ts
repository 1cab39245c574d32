import type { IndexDocumentRequest, IndexDocumentResponse, ListDocumentsRequest, ListDocumentsResponse } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { type FoundFile, reasonOf } from "./files.ts";
import type { Progress } from "./progress.ts";

/** What of a client is used here. */
export interface IndexTarget {
  indexDocument(request: IndexDocumentRequest, options: UploadOptions): Promise<IndexDocumentResponse>;
  listDocuments(request: ListDocumentsRequest, options: UploadOptions): Promise<ListDocumentsResponse>;
}

interface UploadOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

/** How {@link upload} sends. */
export interface Upload {
  readonly collection: string;
  readonly parallel: number;
  readonly all: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A book may take the server a while, its embeddings included. */
const DEADLINE_MS = 300_000;
const PAGE = 500;
/** The server refuses this document and takes the next. */
const REFUSALS = ["invalid_argument", "resource_exhausted", "out_of_range"];

/**
 * Sends files, a few at once, leaving those alone that the server has with the same content: each document bears the SHA-256 of its file.
 * Throws the `ChatError` that ends it all, such as `unavailable`; running it again goes on from there.
 */
export async function upload(target: IndexTarget, files: readonly FoundFile[], options: Upload): Promise<void> {
  const stored = options.all ? new Map<string, string>() : await storedHashes(target, options);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const queue = files.values();
  const work = async () => {
    for (const file of queue) {
      if (signal.aborted) return;
      await send(target, file, { ...options, signal }, stored);
    }
  };
  const workers = Array.from({ length: options.parallel }, () =>
    work().catch((error) => {
      stop.abort();
      throw error;
    }));
  const ended = await Promise.allSettled(workers);
  const failure = ended.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

async function storedHashes(target: IndexTarget, { collection, signal }: Upload): Promise<Map<string, string>> {
  const stored = new Map<string, string>();
  for (let afterDocumentId = "";;) {
    const page = await target.listDocuments({ collection, limit: PAGE, afterDocumentId }, { signal, deadlineMs: DEADLINE_MS });
    for (const { documentId, metadata } of page.documents) {
      if (metadata["sha256"] !== undefined) stored.set(documentId, metadata["sha256"]);
    }
    const last = page.documents.at(-1);
    if (!page.hasMore || last === undefined) return stored;
    afterDocumentId = last.documentId;
  }
}

async function send(target: IndexTarget, file: FoundFile, options: Upload, stored: ReadonlyMap<string, string>): Promise<void> {
  const { collection, signal, progress } = options;
  const { documentId, path, mediaType } = file;
  let contentBytes: Uint8Array<ArrayBuffer>;
  try {
    contentBytes = await Deno.readFile(path);
  } catch (error) {
    return progress.without("skipped", path, reasonOf(error));
  }
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", contentBytes)).toHex();
  if (stored.get(documentId) === sha256) return progress.done("unchanged", documentId, contentBytes.length);
  try {
    const request = { documentId, collection, mediaType, contentBytes, metadata: { path: documentId, sha256 } };
    const { unchanged, chunksIndexed } = await target.indexDocument(request, { signal, deadlineMs: DEADLINE_MS });
    progress.done(unchanged ? "unchanged" : "indexed", documentId, contentBytes.length, ` (${chunksIndexed} chunks)`);
  } catch (error) {
    if (!(error instanceof ChatError) || !REFUSALS.includes(error.code)) throw error;
    progress.without("refused", path, error.message);
  }
}
