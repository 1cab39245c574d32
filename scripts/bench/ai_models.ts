/** The prompt that is answered by one token, at once; any other is answered by many, as a model server at work does. */
export const ONE = "one";
/** A prompt with this beginning is answered by one token and then nothing, until whoever asked has gone. */
const STAYING = "stay ";
/** Tokens of the other answers, and how long each takes. */
export const TOKENS = 40;
export const TOKEN_EVERY_MS = 50;

/** A model server in the bench's own process, so that one clock tells. */
export class BenchModels implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #left = new Map<string, PromiseWithResolvers<number>>();
  #names = 0;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { messages } = await request.json();
      const prompt: string = messages.at(-1).content;
      if (!prompt.startsWith(STAYING)) return answer(tokens(prompt === ONE ? 1 : TOKENS));
      const left = this.#left.get(prompt)!;
      request.signal.addEventListener("abort", () => left.resolve(performance.now()));
      return answer(tokenAndWait(left.promise));
    });
  }

  /** As `AI_BASE_URL` takes it. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/v1`;
  }

  /** A prompt to leave, and when its request here ended, by `performance.now`. */
  staying(): { readonly prompt: string; readonly leftAtMs: Promise<number> } {
    const prompt = `${STAYING}${this.#names++}`;
    const left = Promise.withResolvers<number>();
    this.#left.set(prompt, left);
    return { prompt, leftAtMs: left.promise };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function answer(events: AsyncGenerator<Uint8Array>): Response {
  return new Response(ReadableStream.from(events), { headers: { "content-type": "text/event-stream" } });
}

function event(choice: unknown): Uint8Array {
  return new TextEncoder().encode(`data: ${JSON.stringify({ id: "x", choices: [choice] })}\n\n`);
}

/** Every token is the time at which it was sent. */
function token(): Uint8Array {
  return event({ index: 0, delta: { content: `${performance.now()} ` }, finish_reason: null });
}

async function* tokens(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, TOKEN_EVERY_MS));
    yield token();
  }
  yield event({ index: 0, delta: {}, finish_reason: "stop" });
}

async function* tokenAndWait(left: Promise<unknown>): AsyncGenerator<Uint8Array> {
  yield token();
  await left;
}
