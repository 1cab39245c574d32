import { Assistant } from "../ai/assistant/assistant.ts";
import { prepareRecords, recordingFetch } from "../ai/exchanges/record.ts";
import { readRecords, replayingFetch } from "../ai/exchanges/replay.ts";
import { extractAnswer } from "../ai/extractive/answer.ts";
import { OpenAiProvider, type OpenAiProviderOptions } from "../ai/providers/openai.ts";
import { moodOf } from "../ai/sentiment/mood.ts";
import { createAiService } from "../ai/service.ts";
import { RemoteAiService } from "../clients/remote_ai_service.ts";
import type { AiProviderConfig } from "../config/config.ts";
import { ChatError } from "../core/errors.ts";
import type { RoleDefinition, RoleTools } from "./role.ts";

/** Answers and moods. */
export const ai: RoleDefinition<"ai"> = {
  async start(tools) {
    const { providers, patience, limits } = tools.config.ai;
    const fetchFor = await exchangesOf(tools);
    const database = await tools.database();
    const [rag, messages, plugins] = [tools.peer("rag"), tools.peer("message"), tools.peer("plugin")];
    const service = createAiService({
      ...{ database, log: tools.log, patience, limits },
      providers: await Promise.all(providers.map(async (provider) => new OpenAiProvider(fetchFor(await withKey(provider))))),
      sources: { ...(rag && { rag }), ...(messages && { messages }), ...(plugins && { plugins }) },
      ...{ extract: extractAnswer, moodOf, moodModel: tools.config.ai.sentimentModel },
    });
    const assistant = messages === undefined ? undefined : new Assistant({
      ...{ database, messages, ai: service, log: tools.log, perUser: tools.config.ai.assistantPerUser },
      ...(rag === undefined ? {} : { rag }),
    });
    const close = async () => {
      await assistant?.close();
      await service.close();
    };
    return { service, health: () => database.health(), close };
  },
  reach: (options) => new RemoteAiService(options),
};

type KeyedProvider = Omit<AiProviderConfig, "apiKeyPath">;

async function withKey({ apiKeyPath, ...provider }: AiProviderConfig): Promise<KeyedProvider> {
  if (apiKeyPath === undefined) return provider;
  try {
    return { ...provider, apiKey: (await Deno.readTextFile(apiKeyPath)).trim() };
  } catch (error) {
    const text = `The key of the model server ${provider.name} cannot be read from ${apiKeyPath}`;
    throw new ChatError("failed_precondition", text, { cause: error });
  }
}

/** How requests are made to each provider: as they are, recorded, or out of a record. */
async function exchangesOf({ config, log }: RoleTools): Promise<(provider: KeyedProvider) => OpenAiProviderOptions> {
  const { record, replay } = config.ai;
  if (replay !== undefined) {
    const fetch = replayingFetch(await readRecords(replay));
    return (provider) => ({ ...provider, fetch });
  }
  if (record === undefined) return (provider) => provider;
  await prepareRecords(record);
  return (provider) => {
    const { name, apiKey } = provider;
    return { ...provider, fetch: recordingFetch({ directory: record, provider: name, log, ...(apiKey === undefined ? {} : { apiKey }) }) };
  };
}
