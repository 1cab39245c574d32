import { assertEquals } from "@std/assert";
import { MemoryWatch } from "../../src/observability/memory_watch.ts";

Deno.test("MemoryWatch tells of a shortage from the mark on, until there is clearly enough again", async () => {
  let rssBytes = 0;
  let heapBytes = 0;
  const watch = new MemoryWatch({ limitBytes: 1_000, highShare: 0.9, measure: () => ({ rssBytes, heapBytes }) });
  const shortAt = (rss: number, heap = 0) => {
    rssBytes = rss;
    heapBytes = heap;
    watch.look();
    return watch.shortage !== undefined;
  };
  assertEquals([899, 900, 870, 849, 870].map((rss) => shortAt(rss)), [false, true, true, false, false]);
  assertEquals(shortAt(0, Number.MAX_SAFE_INTEGER), true, "the JavaScript heap has a limit of its own");
  assertEquals(watch.shortage?.code, "resource_exhausted");
  await watch.close();
});

Deno.test("MemoryWatch of a process without a limit of its own finds memory enough", async () => {
  const watch = new MemoryWatch({ highShare: 0.9 });
  watch.look();
  assertEquals(watch.shortage, undefined);
  await watch.close();
});
