import type { IndexDocumentRequest, IndexProgress } from "../contracts/mod.ts";
import type { IndexOutcome } from "./indexer.ts";

/** Documents stored in one transaction: enough to share its cost, few enough that others do not wait for it. */
const BATCH_DOCUMENTS = 32;
/** A batch ends early with so many characters: about 200 chunks. */
const BATCH_UNITS = 256 * 1024;

/** Stores whatever has come while the last batch was being stored, in order, and tells the outcome of each request. */
export async function* indexAll(
  requests: AsyncIterable<IndexDocumentRequest>,
  store: (batch: readonly IndexDocumentRequest[]) => Promise<readonly IndexOutcome[]>,
): AsyncGenerator<IndexProgress> {
  const counts = { received: 0, indexed: 0, failed: 0 };
  for await (const batch of batches(requests)) {
    for (const [index, { response, error }] of (await store(batch)).entries()) {
      counts.received++;
      response === undefined ? counts.failed++ : counts.indexed++;
      const refused = { success: false, documentId: batch[index]!.documentId, chunksIndexed: 0, unchanged: false, language: "" };
      yield { ...counts, result: response ?? refused, error: error?.message ?? "" };
    }
  }
}

/** Groups what is there already; waits only for the first of a batch. */
async function* batches(requests: AsyncIterable<IndexDocumentRequest>): AsyncGenerator<IndexDocumentRequest[]> {
  const iterator = requests[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<IndexDocumentRequest>> | undefined;
  try {
    while (true) {
      const first = await (next ?? iterator.next());
      next = undefined;
      if (first.done) return;
      const batch = [first.value];
      let units = size(first.value);
      while (batch.length < BATCH_DOCUMENTS && units < BATCH_UNITS) {
        next = iterator.next();
        const more = await Promise.race([next, turn()]);
        if (more === undefined || more.done) break;
        next = undefined;
        batch.push(more.value);
        units += size(more.value);
      }
      yield batch;
    }
  } finally {
    await iterator.return?.();
  }
}

function size({ content, contentBytes }: IndexDocumentRequest): number {
  return (content?.length ?? 0) + (contentBytes?.length ?? 0);
}

/** Resolves with undefined a turn of the event loop later: whatever has arrived by then was there. */
function turn(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined)));
}
