import { assertEquals, assertRejects } from "@std/assert";
import { PartQueue } from "../../src/ai/part_queue.ts";
import type { PartBatch } from "../../src/ai/store.ts";

const batch = (id: number): PartBatch => ({ id, firstSeq: 1, lastSeq: 1, parts: "[]", status: "running" });

Deno.test("PartQueue stores what comes together, and what comes meanwhile, in one transaction each, and answers after it", async () => {
  const stored: number[][] = [];
  const gate = Promise.withResolvers<void>();
  const queue = new PartQueue(async (batches) => {
    stored.push(batches.map(({ id }) => id));
    await gate.promise;
    return new Set(batches.map(({ id }) => id).filter((id) => id !== 2));
  });
  const first = [1, 2, 3].map((id) => queue.append(batch(id)));
  while (stored.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = [4, 5].map((id) => queue.append(batch(id)));
  assertEquals(stored, [[1, 2, 3]]);
  gate.resolve();
  assertEquals(await Promise.all([...first, ...second]), [true, false, true, true, true]);
  assertEquals(stored, [[1, 2, 3], [4, 5]]);
});

Deno.test("PartQueue tells each batch of a failed transaction, goes on with the next, and puts no more than 256 into one", async () => {
  const sizes: number[] = [];
  const queue = new PartQueue((batches) => {
    sizes.push(batches.length);
    if (sizes.length === 1) throw new Error("The database is away");
    return Promise.resolve(new Set(batches.map(({ id }) => id)));
  });
  const failing = Array.from({ length: 256 }, (_, id) => assertRejects(() => queue.append(batch(id)), Error, "away"));
  const last = queue.append(batch(256));
  await Promise.all(failing);
  assertEquals([await last, sizes], [true, [256, 1]]);
});
