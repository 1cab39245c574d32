import { OpenAiProvider } from "../../src/ai/providers/openai.ts";

/** What a script does with the connection after the request is read. */
export interface RawReply {
  /** Sends these bytes as they are. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Breaks the connection off, so that the other side sees a reset. */
  reset(): void;
}

/** A server that says exactly the bytes it is told, on its own connection each time; `await using` ends it. */
export interface RawModelServer extends AsyncDisposable {
  readonly baseUrl: string;
  /** The requests' headers, as they came. */
  readonly requests: readonly string[];
  readonly provider: OpenAiProvider;
}

/** The head of an answer that goes on until the connection ends. */
export function head(status = 200, headers: Readonly<Record<string, string>> = { "content-type": "text/event-stream" }): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} X\r\nconnection: close\r\n${lines}\r\n`;
}

/** One event of an answer. */
export function delta(fields: Readonly<Record<string, unknown>>, finish: string | null = null): string {
  return `data: ${
    JSON.stringify({ id: "x", object: "chat.completion.chunk", choices: [{ index: 0, delta: fields, finish_reason: finish }] })
  }\n\n`;
}

/** Starts one; the connection is closed when the script has ended. */
export function startRawModelServer(script: (reply: RawReply) => Promise<void> | void): RawModelServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const open = new Set<Promise<void>>();
  const serve = async (connection: Deno.Conn) => {
    try {
      requests.push(await readRequest(connection));
      await script({
        async send(bytes) {
          const left = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
          for (let at = 0; at < left.length;) at += await connection.write(left.subarray(at));
        },
        // One byte of the request is still unread, which makes closing a reset.
        reset: () => connection.close(),
      });
      // The last byte of the request: what is closed after it has been read ends in order.
      await connection.read(new Uint8Array(1));
    } catch {
      // The client has gone, or the script has reset the connection.
    } finally {
      try {
        connection.close();
      } catch { /* it is closed */ }
    }
  };
  const accepting = (async () => {
    for await (const connection of listener) {
      const served = serve(connection).finally(() => open.delete(served));
      open.add(served);
    }
  })();
  const baseUrl = `http://127.0.0.1:${listener.addr.port}/v1`;
  return {
    ...{ baseUrl, requests },
    provider: new OpenAiProvider({
      ...{ name: "raw", baseUrl, apiKey: "sk-very-secret" },
      models: [{ name: "tiny", contextTokens: 4_096, maxTokens: 1_000 }],
    }),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {});
      await Promise.all(open);
    },
  };
}

/** All of a request but its last byte. */
async function readRequest(connection: Deno.Conn): Promise<string> {
  let text = "";
  const one = new Uint8Array(1);
  while (!text.endsWith("\r\n\r\n")) {
    if (await connection.read(one) === null) throw new Error("The client has gone");
    text += String.fromCharCode(one[0]!);
  }
  let left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 1) - 1;
  while (left > 0) left -= await connection.read(new Uint8Array(left)) ?? left;
  return text;
}
