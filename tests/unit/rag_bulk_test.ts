import { assertEquals, assertRejects } from "@std/assert";
import type { IndexDocumentRequest } from "../../src/contracts/mod.ts";
import { indexAll } from "../../src/rag/bulk.ts";
import type { IndexOutcome } from "../../src/rag/indexer.ts";

const outcomeOf = ({ documentId }: IndexDocumentRequest): IndexOutcome => ({
  response: { success: true, documentId, chunksIndexed: 1, unchanged: false, language: "en" },
});
const turns = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("indexAll tells each outcome in order while two batches are under way, and never two with the same document", async () => {
  const under = new Map<string, number>();
  let [most, clashes] = [0, 0];
  let batches = 0;
  const store = async (batch: readonly IndexDocumentRequest[]) => {
    batches++;
    for (const documentId of new Set(batch.map((request) => request.documentId))) {
      if (under.has(documentId)) clashes++;
      under.set(documentId, batches);
    }
    most = Math.max(most, new Set(under.values()).size);
    await turns(batches % 3 === 0 ? 6 : 2);
    for (const { documentId } of batch) under.delete(documentId);
    return batch.map(outcomeOf);
  };
  const ids = Array.from({ length: 400 }, (_, index) => index < 300 ? `d${index}` : `d${200 + index % 5}`);
  const told: string[] = [];
  for await (const { result, received } of indexAll(ReadableStream.from(ids.map((documentId) => ({ documentId, content: "x" }))), store)) {
    told.push(result.documentId);
    assertEquals(received, told.length);
  }
  assertEquals([told, most, clashes], [ids, 2, 0]);
});

Deno.test("indexAll answers a client that waits for each outcome before it sends the next document", async () => {
  const { readable, writable } = new TransformStream<IndexDocumentRequest>();
  const writer = writable.getWriter();
  const steps = indexAll(readable, async (batch) => {
    await turns(1);
    return batch.map(outcomeOf);
  });
  for (const documentId of ["a", "b", "c"]) {
    const [{ value }] = await Promise.all([steps.next(), writer.write({ documentId, content: "x" })]);
    assertEquals(value?.result.documentId, documentId);
  }
  await writer.close();
  assertEquals((await steps.next()).done, true);
});

Deno.test("indexAll ends with what went wrong, and when nobody reads on", async () => {
  const requests = () => ReadableStream.from(Array.from({ length: 200 }, (_, index) => ({ documentId: `d${index}`, content: "x" })));
  let batches = 0;
  const failing = indexAll(requests(), (batch) => {
    return ++batches === 2 ? Promise.reject(new Error("The database is gone")) : Promise.resolve(batch.map(outcomeOf));
  });
  await assertRejects(async () => void await Array.fromAsync(failing), Error, "The database is gone");
  const left = indexAll(requests(), (batch) => Promise.resolve(batch.map(outcomeOf)));
  await left.next();
  await left.return(undefined);
  await turns(20); // the batch that was being read has its timers
});
