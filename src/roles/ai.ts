import { extractAnswer } from "../ai/extractive/answer.ts";
import type { ModelProvider } from "../ai/provider.ts";
import { OpenAiProvider } from "../ai/providers/openai.ts";
import { moodOf } from "../ai/sentiment/mood.ts";
import { createAiService } from "../ai/service.ts";
import { RemoteAiService } from "../clients/remote_ai_service.ts";
import type { AiProviderConfig } from "../config/config.ts";
import { ChatError } from "../core/errors.ts";
import type { RoleDefinition } from "./role.ts";

/** Answers and moods. */
export const ai: RoleDefinition<"ai"> = {
  async start(tools) {
    const { providers, patience, limits } = tools.config.ai;
    const database = await tools.database();
    const [rag, messages] = [tools.peer("rag"), tools.peer("message")];
    const service = createAiService({
      ...{ database, log: tools.log, patience, limits },
      providers: await Promise.all(providers.map(toProvider)),
      sources: { ...(rag === undefined ? {} : { rag }), ...(messages === undefined ? {} : { messages }) },
      ...{ extract: extractAnswer, moodOf },
    });
    return { service, health: () => database.health(), close: () => service.close() };
  },
  reach: (options) => new RemoteAiService(options),
};

async function toProvider({ apiKeyPath, ...provider }: AiProviderConfig): Promise<ModelProvider> {
  if (apiKeyPath === undefined) return new OpenAiProvider(provider);
  try {
    return new OpenAiProvider({ ...provider, apiKey: (await Deno.readTextFile(apiKeyPath)).trim() });
  } catch (error) {
    const text = `The key of the model server ${provider.name} cannot be read from ${apiKeyPath}`;
    throw new ChatError("failed_precondition", text, { cause: error });
  }
}
