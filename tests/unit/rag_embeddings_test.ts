import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { createEmbedder } from "../../src/rag/embeddings/embedder.ts";
import type { ModelServerOptions } from "../../src/rag/embeddings/model_server.ts";
import { createReranker } from "../../src/rag/embeddings/reranker.ts";

type Handler = (body: Record<string, unknown>, request: Request) => Response | Promise<Response>;

const SIGNAL = new AbortController().signal;

/** Runs `use` against a server on this machine that answers by `handler`; tells how often it was asked. */
async function withServer(handler: Handler, use: (options: ModelServerOptions, asked: Request[]) => Promise<void>): Promise<void> {
  const asked: Request[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    asked.push(request.clone());
    return await handler(await request.json(), request);
  });
  try {
    await use({ baseUrl: `http://127.0.0.1:${server.addr.port}/v1/`, model: "tiny", apiKey: "sk-secret" }, asked);
    await Promise.all(asked.map((request) => request.body?.cancel()));
  } finally {
    await server.shutdown();
  }
}

const texts = (body: Record<string, unknown>) => body["input"] as string[];
const answer = (vectors: readonly unknown[]) => Response.json({ data: vectors.map((embedding, index) => ({ index, embedding })) });
/** A vector that tells its text: length and first character. */
const vectorOf = (text: string) => [text.length, text.charCodeAt(0)];

async function refusal(work: () => Promise<unknown>, code: string, message: RegExp): Promise<ChatError> {
  const error = await assertRejects(work, ChatError);
  assertEquals(error.code, code, error.message);
  assert(message.test(error.message), error.message);
  return error;
}

Deno.test("createEmbedder embeds in batches and keeps the order, whatever the server's", async () => {
  await withServer((body) => {
    const data = texts(body).map((text, index) => ({ index, embedding: vectorOf(text) })).reverse();
    return Response.json({ data, model: "tiny" });
  }, async (options, asked) => {
    const given = Array.from({ length: 70 }, (_, index) => "x".repeat(index + 1));
    const vectors = await createEmbedder(options).embed(given, SIGNAL);
    assertEquals(vectors.map(([length]) => length), given.map((text) => text.length));
    assertEquals(asked.length, 3);
    assertEquals(new URL(asked[0]!.url).pathname, "/v1/embeddings");
    assertEquals(asked[0]!.headers.get("authorization"), "Bearer sk-secret");
    assertEquals(await createEmbedder(options).embed([], SIGNAL), []);
  });
});

Deno.test("createEmbedder takes base64 for numbers", async () => {
  const base64 = new Uint8Array(new Float32Array([1.5, -2]).buffer).toBase64();
  await withServer(() => answer([base64]), async (options) => {
    assertEquals(await createEmbedder(options).embed(["a"], SIGNAL), [new Float32Array([1.5, -2])]);
  });
});

Deno.test("createEmbedder tries again after 429 and 503, when Retry-After says", async () => {
  const refusals = [
    () => new Response("slow down", { status: 429, headers: { "retry-after": "0" } }),
    () => new Response("starting", { status: 503, headers: { "retry-after": new Date(Date.now() - 5_000).toUTCString() } }),
  ];
  await withServer((body) => refusals.shift()?.() ?? answer(texts(body).map(vectorOf)), async (options, asked) => {
    assertEquals((await createEmbedder(options).embed(["abc"], SIGNAL)).length, 1);
    assertEquals(asked.length, 3);
  });
});

Deno.test("createEmbedder gives up on a server that asks for an hour, and tells it", async () => {
  await withServer(() => new Response("no", { status: 429, headers: { "retry-after": "3600" } }), async (options, asked) => {
    const error = await refusal(
      () => createEmbedder(options).embed(["a"], SIGNAL),
      "unavailable",
      /^The embedding server at 127.* status 429: "no"$/,
    );
    assertEquals([error.retryAfterMs, asked.length], [3_600_000, 1]);
  });
});

Deno.test("createEmbedder does not repeat what is refused for good, and never shows the key", async () => {
  await withServer(() => new Response("Incorrect API key provided: sk-secret", { status: 401 }), async (options, asked) => {
    await refusal(
      () => createEmbedder(options).embed(["a"], SIGNAL),
      "failed_precondition",
      /status 401: "Incorrect API key provided: \*\*\*"$/,
    );
    assertEquals(asked.length, 1);
  });
});

Deno.test("createEmbedder sends half as much to a server that finds it too large", async () => {
  await withServer(
    (body) => texts(body).length > 2 ? new Response("", { status: 413 }) : answer(texts(body).map(vectorOf)),
    async (options) => {
      const vectors = await createEmbedder(options).embed(["a", "bb", "ccc", "dddd", "eeeee"], SIGNAL);
      assertEquals(vectors.map(([length]) => length), [1, 2, 3, 4, 5]);
    },
  );
});

Deno.test("createEmbedder refuses vectors of two sizes and says both", async () => {
  await withServer((body) => answer(texts(body).map((text) => text === "odd" ? [1, 2] : [1, 2, 3])), async (options) => {
    const embedder = createEmbedder(options);
    await embedder.embed(["even"], SIGNAL);
    await refusal(() => embedder.embed(["odd"], SIGNAL), "failed_precondition", /vector of 2 numbers, where model tiny gave 3 before$/);
  });
});

Deno.test("createEmbedder refuses whatever is no vector", async () => {
  const answers: (readonly [Response, RegExp])[] = [
    [answer([[1, null]]), /finite numbers$/],
    [answer([[1, "NaN"]]), /finite numbers$/],
    [new Response('{"data":[{"index":0,"embedding":[1e999]}]}'), /finite numbers$/],
    [answer([[]]), /something else than a vector/],
    [answer(["#"]), /something else than a vector/],
    [answer([[1], [2]]), /2 vectors for 1 texts$/],
    [Response.json({ data: [{ index: 7, embedding: [1] }] }), /text 7 of 1/],
    [Response.json({ error: "no" }), /no vectors for 1 texts$/],
    [Response.json(null), /no vectors for 1 texts$/],
    [new Response("<html>proxy</html>"), /something else than JSON: "<html>proxy<\/html>"$/],
  ];
  for (const [response, message] of answers) {
    await withServer(() => response, async (options) => {
      await refusal(() => createEmbedder(options).embed(["a"], SIGNAL), "failed_precondition", message);
    });
  }
});

Deno.test("createEmbedder gives up on a server that is silent or stops in the middle", async () => {
  const ends: (() => void)[] = [];
  const silent = () => new Promise<Response>((resolve) => ends.push(() => resolve(new Response())));
  const stalls = () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{"da')) }));
  for (const handler of [silent, stalls]) {
    await withServer(handler, async (options, asked) => {
      const embedder = createEmbedder({ ...options, timeoutMs: 100, attempts: 2 });
      await refusal(() => embedder.embed(["a"], SIGNAL), "unavailable", /did not answer within 100 ms$/);
      assertEquals(asked.length, 2);
      for (const end of ends) end();
    });
  }
});

Deno.test("createEmbedder says that nobody is there", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const embedder = createEmbedder({ baseUrl: `http://127.0.0.1:${port}`, model: "tiny", attempts: 1 });
  await refusal(() => embedder.embed(["a"], SIGNAL), "unavailable", /cannot be reached$/);
});

Deno.test("createEmbedder ends with its signal, also while it waits to try again", async () => {
  const abort = new AbortController();
  await withServer(() => {
    queueMicrotask(() => setTimeout(() => abort.abort(new ChatError("deadline_exceeded", "Too late"))));
    return new Response("", { status: 503, headers: { "retry-after": "9" } });
  }, async (options) => {
    await refusal(() => createEmbedder(options).embed(["a"], abort.signal), "deadline_exceeded", /^Too late$/);
  });
});

Deno.test("createReranker reads Jina's, Cohere's and vLLM's answers in the order of the texts", async () => {
  await withServer((body) => {
    const results = (body["documents"] as string[]).map((text, index) => ({ index, relevance_score: text.length })).reverse();
    return Response.json({ results });
  }, async (options, asked) => {
    assertEquals(await createReranker(options).rerank("q", ["a", "bbb", "cc"], SIGNAL), [1, 3, 2]);
    assertEquals(await createReranker(options).rerank("q", [], SIGNAL), []);
    assertEquals(asked.map((request) => new URL(request.url).pathname), ["/v1/rerank"]);
  });
});

Deno.test("createReranker learns the field names of text-embeddings-inference", async () => {
  await withServer((body) => {
    if (body["texts"] === undefined) return new Response("missing field `texts`", { status: 422 });
    return Response.json((body["texts"] as string[]).map((text, index) => ({ index, score: -text.length })));
  }, async (options, asked) => {
    const reranker = createReranker(options);
    assertEquals(await reranker.rerank("q", ["a", "bb"], SIGNAL), [-1, -2]);
    assertEquals(await reranker.rerank("q", ["ccc"], SIGNAL), [-3]);
    assertEquals(asked.length, 3);
  });
});

Deno.test("createReranker refuses scores that are missing, foreign or no numbers", async () => {
  const answers: (readonly [unknown, RegExp])[] = [
    [{ results: [{ index: 0, relevance_score: 1 }] }, /1 scores for 2 texts$/],
    [{ results: [{ index: 5, relevance_score: 1 }] }, /text 5 of 2$/],
    [{ results: [{ index: 0, relevance_score: null }] }, /no finite number: null$/],
    [{}, /without a list of results$/],
  ];
  for (const [given, message] of answers) {
    await withServer(() => Response.json(given), async (options) => {
      await refusal(() => createReranker(options).rerank("q", ["a", "b"], SIGNAL), "failed_precondition", message);
    });
  }
});
