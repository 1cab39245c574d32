import { createEmbedder } from "../../src/rag/embeddings/embedder.ts";
import type { Embedder } from "../../src/rag/embeddings/types.ts";
import { seeded } from "./seeded.ts";

/** A server that speaks OpenAI's protocol; `await using` ends it. */
export interface EmbeddingServer extends AsyncDisposable {
  /** An embedder that asks it for vectors of this size. */
  embedder(dimensions: number): Embedder;
}

/** Starts a server whose vectors lie around one centre for each word "topicN" of the text, a little aside by the rest of the text. */
export function startEmbeddingServer(): EmbeddingServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { input, model } = await request.json() as { readonly input: readonly string[]; readonly model: string };
    const dimensions = Number(model.split("-")[1]);
    return Response.json({ data: input.map((text, index) => ({ index, embedding: [...clusteredVector(text, dimensions)] })) });
  });
  const baseUrl = `http://127.0.0.1:${server.addr.port}/v1`;
  return {
    embedder: (dimensions) => createEmbedder({ baseUrl, model: `clusters-${dimensions}` }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The vector that the server gives for a text. */
export function clusteredVector(text: string, dimensions: number): Float32Array {
  const topic = Number(/topic(\d+)/.exec(text)?.[1] ?? 0);
  const [center, aside] = [seeded(topic + 1), seeded(hash(text))];
  return Float32Array.from({ length: dimensions }, () => center.next() - 0.5 + (aside.next() - 0.5) * 0.6);
}

function hash(text: string): number {
  let value = 17;
  for (let index = 0; index < text.length; index++) value = Math.imul(value, 31) + text.charCodeAt(index) | 0;
  return value >>> 0;
}
