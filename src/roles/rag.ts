import { RemoteRagService } from "../clients/remote_rag_service.ts";
import { createEmbedder } from "../rag/embeddings/embedder.ts";
import { createReranker } from "../rag/embeddings/reranker.ts";
import { createRagService } from "../rag/service.ts";
import type { RoleDefinition } from "./role.ts";

/** Documents that can be searched. */
export const rag: RoleDefinition<"rag"> = {
  async start(tools) {
    const { embedding, rerank } = tools.config;
    const database = await tools.database();
    const messages = tools.peer("message");
    const service = createRagService({
      ...{ database, log: tools.log },
      ...(embedding === undefined ? {} : { embedder: createEmbedder(embedding) }),
      ...(messages === undefined ? {} : { messages }),
      ...(rerank === undefined ? {} : { reranker: createReranker(rerank) }),
    });
    return { service, health: () => database.health(), close: () => service.close() };
  },
  reach: (options) => new RemoteRagService(options),
};
