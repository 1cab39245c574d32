import type { ServerHttp2Stream } from "node:http2";
import { metadataKeys } from "../wire/status.ts";
import { type Server, status } from "../wire/grpc_js.ts";
import { type Gate, RETRY_AFTER_MS } from "./gate.ts";
import { http2ServersOf } from "./listening.ts";
import type { LoopDelay } from "./loop_delay.ts";

/** What calls are refused for, and who is told. */
export interface SheddingOptions {
  readonly gate: Gate;
  readonly delay: LoopDelay;
  /** Told of each call that is refused here, by its method such as `chat.MessageService/CreateMessage`. */
  readonly onRefused?: (method: string) => void;
}

/** Where grpc-js 1.14 keeps what it knows of each method. */
interface Handlers {
  readonly handlers?: ReadonlyMap<string, { readonly type: string }>;
}

const TOO_SLOW = "The server is full: it does not keep up with its calls; try again later";

const PLUGINS_QUESTION = "/chat.PluginHostService/UseCapability";

const REFUSAL = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-status": String(status.RESOURCE_EXHAUSTED),
  [metadataKeys.retryAfterMs]: String(RETRY_AFTER_MS),
  [metadataKeys.retryPushbackMs]: String(RETRY_AFTER_MS),
} as const;

/**
 * Refuses unary calls of a bound server that it has no time for, before anything is spent on them: nothing is decoded, no call is made of the HTTP/2
 * stream. A refusal that costs as much as an answer would leave a server under twice its load with nothing but refusals.
 */
export function shedOverload(server: Server, { gate, delay, onRefused }: SheddingOptions): void {
  const { handlers } = server as unknown as Handlers;
  const unary = new Set(
    [...handlers ?? []].filter(([path, { type }]) => type === "unary" && !path.startsWith("/grpc.")).map(([path]) => path),
  );
  for (const listening of http2ServersOf(server)) {
    const emit: (event: string | symbol, ...args: unknown[]) => boolean = listening.emit;
    listening.emit = (event: string | symbol, ...args: unknown[]) => {
      const why = event !== "stream" ? undefined : gate.isFull ? gate.refusal : delay.sheds() ? TOO_SLOW : undefined;
      if (why === undefined) return emit.call(listening, event, ...args);
      const [stream, headers] = args as [ServerHttp2Stream, Readonly<Record<string, string>>];
      const path = headers[":path"] ?? "";
      // What a plugin asks is for a call that is in already, and makes it end sooner.
      if (!unary.has(path) || (path === PLUGINS_QUESTION && why !== TOO_SLOW)) return emit.call(listening, event, ...args);
      refuse(stream, why);
      onRefused?.(path.slice(1));
      return true;
    };
  }
}

function refuse(stream: ServerHttp2Stream, why: string): void {
  stream.on("error", () => {}); // the client may be gone already
  stream.respond({ ...REFUSAL, "grpc-message": why }, { endStream: true });
  stream.resume();
}
