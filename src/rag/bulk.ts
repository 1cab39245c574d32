import type { IndexDocumentRequest, IndexProgress } from "../contracts/mod.ts";
import type { IndexOutcome } from "./indexer.ts";

/** Documents stored in one transaction: enough to share its cost, few enough that others do not wait for it. */
const BATCH_DOCUMENTS = 64;
/** A batch ends early with so many characters: about 200 chunks. */
const BATCH_UNITS = 256 * 1024;

interface Storing {
  readonly batch: readonly IndexDocumentRequest[];
  readonly outcomes: Promise<readonly IndexOutcome[]>;
}

/**
 * Stores whatever has come while the last batch was being stored, in order, and tells the outcome of each request. A batch is taken apart while the
 * one before is with the database, unless both have the same document.
 */
export async function* indexAll(
  requests: AsyncIterable<IndexDocumentRequest>,
  store: (batch: readonly IndexDocumentRequest[]) => Promise<readonly IndexOutcome[]>,
): AsyncGenerator<IndexProgress> {
  const counts = { received: 0, indexed: 0, failed: 0 };
  const source = batches(requests);
  let coming = source.next();
  let storing: Storing | undefined;
  try {
    while (true) {
      // Whichever is first: a client may wait for an outcome before it sends more.
      if (storing !== undefined && await Promise.race([coming.then(() => false), storing.outcomes.then(() => true)])) {
        yield* told(storing, counts);
        storing = undefined;
        continue;
      }
      const { value: batch, done } = await coming;
      if (done) break;
      if (storing !== undefined && haveSame(storing.batch, batch)) {
        yield* told(storing, counts);
        storing = undefined;
      }
      const started: Storing = { batch, outcomes: store(batch) };
      started.outcomes.catch(() => {}); // told of when it is its turn
      coming = source.next();
      coming.catch(() => {});
      if (storing !== undefined) yield* told(storing, counts);
      storing = started;
    }
    if (storing !== undefined) yield* told(storing, counts);
  } finally {
    source.return(undefined).catch(() => {}); // not waited for: it waits for the client's next document
  }
}

async function* told(
  { batch, outcomes }: Storing,
  counts: { received: number; indexed: number; failed: number },
): AsyncGenerator<IndexProgress> {
  for (const [index, { response, error }] of (await outcomes).entries()) {
    counts.received++;
    response === undefined ? counts.failed++ : counts.indexed++;
    const refused = { success: false, documentId: batch[index]!.documentId, chunksIndexed: 0, unchanged: false, language: "" };
    yield { ...counts, result: response ?? refused, error: error?.message ?? "" };
  }
}

function haveSame(left: readonly IndexDocumentRequest[], right: readonly IndexDocumentRequest[]): boolean {
  const keys = new Set(left.map(keyOf));
  return right.some((request) => keys.has(keyOf(request)));
}

function keyOf({ collection = "", documentId }: IndexDocumentRequest): string {
  return JSON.stringify([collection, documentId]);
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
