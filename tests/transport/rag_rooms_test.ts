import { assertEquals } from "@std/assert";
import { createApp } from "../../src/app.ts";
import { MessageServiceClient, RAGServiceClient } from "../../src/clients/mod.ts";
import { readConfig } from "../../src/config/read.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";

Deno.test(
  "messages are searched as documents where the RAG service runs apart from the message service, with a database of its own",
  async () => {
    await using here = await databasePlace("pglite");
    await using there = await databasePlace("postgres");
    const common = { GRPC_ENABLED: "true", GRPC_SERVER_PORT: "0", METRICS_PORT: "off", GRPC_MAX_TURN_DELAY_MS: "0" };
    const messageApp = createApp(readConfig({ ...common, SERVICES: "message", ...here.env }), { log: testLog() });
    const messageAddress = `127.0.0.1:${(await messageApp.start()).grpcPort}`;
    const ragSettings = { ...common, SERVICES: "rag", ...there.env, MESSAGE_SERVICE_ADDR: messageAddress };
    const ragApp = createApp(readConfig(ragSettings), { log: testLog() });
    try {
      await using messages = new MessageServiceClient({ address: messageAddress });
      await using rag = new RAGServiceClient({ address: `127.0.0.1:${(await ragApp.start()).grpcPort}` });
      const found = async (query: string) =>
        (await rag.searchDocuments({ query, collection: "room:kitchen", exact: true })).results.map(({ documentId, content }) =>
          `${documentId} ${content}`
        );
      await messages.updateRoom({ room: "kitchen", documents: true });
      for (let n = 1; n <= 300; n++) await messages.createMessage({ room: "kitchen", username: "ann", content: `plate number ${n}` });
      await messages.createMessage({ room: "kitchen", username: "ann", content: "The kettle whistles" });
      assertEquals(await found("kettle"), ["301 The kettle whistles"]);
      await messages.updateMessage({ room: "kitchen", id: 301, content: "The samovar whistles" });
      assertEquals([await found("kettle"), await found("samovar")], [[], ["301 The samovar whistles"]]);
      await messages.deleteMessage({ room: "kitchen", id: 301 });
      assertEquals(await found("samovar"), []);
      await messages.updateRoom({ room: "kitchen", documents: false });
      assertEquals(await found("plate"), []);
    } finally {
      await ragApp.stop();
      await messageApp.stop();
    }
  },
);
