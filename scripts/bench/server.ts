/**
 * The server under test: the system's own parts, put together as `app.ts` does, with a door for questions on standard input.
 * `--empty`: the gRPC server over a service whose CreateMessage answers at once, or after `SLOW_MS` of the environment. Ends when its input ends.
 *
 * @module
 */
import { OpenAiProvider } from "../../src/ai/providers/openai.ts";
import { moodOf } from "../../src/ai/sentiment/mood.ts";
import { createAiService } from "../../src/ai/service.ts";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { CreateMessageRequest, Message } from "../../src/contracts/mod.ts";
import { openDatabase } from "../../src/database/open.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { startGrpcServer } from "../../src/grpc/server.ts";
import { createMessageService } from "../../src/message/service.ts";
import { createLog } from "../../src/observability/log.ts";
import { createRagService } from "../../src/rag/service.ts";
import { readConfig } from "../../src/config/read.ts";
import { settingNames } from "../../src/config/settings.ts";
import { MemoryMessageService } from "../../tests/support/memory_message_service.ts";

const SLOW_MS = Number(Deno.env.get("SLOW_MS") ?? 0);

class EmptyService extends MemoryMessageService {
  override createMessage({ content, username }: CreateMessageRequest): Promise<Message> {
    const [id, createdAtMs] = [1, 1_790_000_000_000];
    const fixed = {
      messageType: "text",
      timestamp: 1_790_000_000,
      metadata: {},
      room: "general",
      seq: id,
      version: 1,
      clientMessageId: "",
    };
    const answer = {
      ...fixed,
      id,
      content,
      username,
      eventType: "created",
      createdAtMs,
      updatedAtMs: createdAtMs,
      deleted: false,
    } as const;
    return SLOW_MS === 0 ? Promise.resolve(answer) : new Promise((resolve) => setTimeout(() => resolve(answer), SLOW_MS));
  }
}

const config = readConfig({
  ...Object.fromEntries(settingNames.map((name) => [name, Deno.env.get(name)])),
  ...{ GRPC_ENABLED: "true", GRPC_SERVER_PORT: "0", HTTP_PORT: "0" },
});
const log = createLog("warn", (line) => console.error(line));
const empty = Deno.args.includes("--empty");
const database = empty ? undefined : await openDatabase(config.database, { log });
const message = database === undefined ? new EmptyService() : createMessageService({ database, bus: createMemoryBus(), log });
const rag = database === undefined ? undefined : createRagService({ database, log });
const ai = database === undefined ? undefined : createAiService({
  ...{ database, log, patience: config.ai.patience, limits: config.ai.limits, sources: {}, moodOf },
  providers: config.ai.providers.map((provider) => new OpenAiProvider(provider)),
  // The rows ask the model server only.
  extract: () => ({ sentences: [], confidence: 0 }),
});
const served = { message, ...(rag === undefined ? {} : { rag }), ...(ai === undefined ? {} : { ai }) };
const server = await startGrpcServer({ config: config.grpc, services: served, log });
const gateway = await startGateway({
  http: config.http,
  services: { message, ...(ai === undefined ? {} : { ai }) },
  readiness: () => ({ ok: true, checks: {} }),
  log,
});
console.log(JSON.stringify({ grpcPort: server.port, httpPort: gateway.port }));

const input = new Uint8Array(4096);
while (await Deno.stdin.read(input) !== null) {
  console.log(JSON.stringify({ ...loadOf() }));
}
await Promise.all([server.stop({ deadlineMs: 500 }), gateway.stop({ deadlineMs: 500 })]);
if ("close" in message) await message.close();
await ai?.close();
await rag?.close();
await database?.close();
Deno.exit(0);

function loadOf(): Record<string, number> {
  const { running, waiting, streams, encodings } = server.load;
  return { running, waiting, streams, encodings };
}
