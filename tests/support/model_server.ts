import { OpenAiProvider } from "../../src/ai/providers/openai.ts";

/** What one request gets: an answer in bits of text, or whatever the test makes. */
export type ModelScript = (request: ModelCall) => Response | Promise<Response>;

/** A request as the server saw it. */
export interface ModelCall {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string; readonly tool_call_id?: string }[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly description?: string; readonly parameters: unknown } }[];
  readonly tool_choice?: string;
  readonly temperature: number;
  readonly max_tokens: number;
  readonly authorization: string | null;
  /** Aborts when the client goes. */
  readonly signal: AbortSignal;
}

/** A server in this process that speaks OpenAI's protocol; `await using` ends it. */
export interface ModelServer extends AsyncDisposable {
  readonly baseUrl: string;
  readonly calls: readonly ModelCall[];
  /** A provider that asks it for the model `tiny`. */
  provider(name?: string, model?: Partial<{ name: string; contextTokens: number; maxTokens: number }>): OpenAiProvider;
}

/** Starts one; the script is asked for each request. */
export function startModelServer(script: ModelScript): ModelServer {
  const calls: ModelCall[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const call = { ...await request.json(), authorization: request.headers.get("authorization"), signal: request.signal } as ModelCall;
    calls.push(call);
    return await script(call);
  });
  const baseUrl = `http://127.0.0.1:${server.addr.port}/v1`;
  return {
    ...{ baseUrl, calls },
    provider: (name = "test", model = {}) =>
      new OpenAiProvider({
        name,
        baseUrl,
        apiKey: "sk-very-secret",
        models: [{ name: "tiny", contextTokens: 4_096, maxTokens: 1_000, ...model }],
      }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** How an answer is sent. */
export interface Sending {
  /** Before each bit, the first included; `undefined` never comes. */
  readonly before?: (index: number) => Promise<void> | void;
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
  /** Default "stop"; null: it breaks off instead. */
  readonly finish?: string | null;
}

/** An answer of these bits, as server-sent events. */
export function streamed(bits: readonly string[], { before, usage, finish = "stop" }: Sending = {}): Response {
  const encoder = new TextEncoder();
  async function* events() {
    for (const [index, content] of bits.entries()) {
      await before?.(index);
      yield encoder.encode(event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
    }
    await before?.(bits.length);
    if (finish === null) return;
    yield encoder.encode(event({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }));
    if (usage !== undefined) yield encoder.encode(event({ choices: [], usage }));
    yield encoder.encode("data: [DONE]\n\n");
  }
  return new Response(ReadableStream.from(events()), { headers: { "content-type": "text/event-stream" } });
}

/** Calls of tools as providers stream them: the name first, then the arguments bit by bit; sent in pieces of so many bytes, whatever they cut. */
export function callsTools(
  calls: readonly { readonly name: string; readonly input: string }[],
  { pieceBytes = 7, said = "" }: { readonly pieceBytes?: number; readonly said?: string } = {},
): Response {
  const delta = (fields: unknown, finish: string | null = null) => event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] });
  const frames = calls.flatMap(({ name, input }, index) => [
    delta({ tool_calls: [{ index, id: `call-${index}`, type: "function", function: { name, arguments: "" } }] }),
    ...(input.match(/.{1,5}/gsu) ?? []).map((bit) => delta({ tool_calls: [{ index, function: { arguments: bit } }] })),
  ]);
  const text = [...(said === "" ? [] : [delta({ content: said })]), ...frames, delta({}, "tool_calls"), "data: [DONE]\n\n"].join("");
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / pieceBytes) },
    (_, at) => bytes.slice(at * pieceBytes, (at + 1) * pieceBytes),
  );
  return new Response(ReadableStream.from(pieces), { headers: { "content-type": "text/event-stream" } });
}

function event(data: unknown): string {
  return `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "tiny", ...data as object })}\n\n`;
}
