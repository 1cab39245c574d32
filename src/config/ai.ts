/**
 * What the settings of the AI service come to, and what they demand of each other.
 *
 * @module
 */
import type { AiConfig, AiProviderConfig } from "./config.ts";
import type { SettingValues } from "./settings.ts";

const DAY_MS = 86_400_000;
/** What the one provider is called that has settings of its own. */
const MAIN = "main";
/** What judges moods without a model server. */
const VADER = "vader";

/** An address without a model, or the other way round, would be passed over in silence. */
export function checkAi(values: SettingValues): string[] {
  const problems: string[] = [];
  const { AI_BASE_URL: url, AI_MODEL: model } = values;
  if (url !== undefined && model === undefined) problems.push("AI_MODEL must be set when AI_BASE_URL is, got nothing");
  if (url === undefined) {
    const orphans = (["AI_MODEL", "AI_API_KEY", "AI_API_KEY_PATH"] as const).filter((name) => values[name] !== undefined);
    problems.push(...orphans.map((name) => `AI_BASE_URL must be set when ${name} is, got nothing`));
  }
  if (values.AI_API_KEY !== undefined && values.AI_API_KEY_PATH !== undefined) {
    problems.push("AI_API_KEY_PATH must be unset when AI_API_KEY is set, got a path");
  }
  if (url !== undefined && values.AI_PROVIDERS?.some(({ name }) => name === MAIN)) {
    problems.push(`AI_PROVIDERS must not name a provider "${MAIN}" when AI_BASE_URL is set, which is called so`);
  }
  if (values.AI_RECORD !== undefined && values.AI_REPLAY !== undefined) {
    problems.push("AI_RECORD must be unset when AI_REPLAY is set, got a path");
  }
  if (values.AI_REPLAY !== undefined && url === undefined && values.AI_PROVIDERS === undefined) {
    problems.push("AI_BASE_URL or AI_PROVIDERS must be set when AI_REPLAY is, as it was when the exchanges were recorded, got nothing");
  }
  const models = toAiConfig(values).providers.flatMap((provider) => provider.models.map(({ name }) => name));
  if (values.AI_SENTIMENT_MODEL !== VADER && !models.includes(values.AI_SENTIMENT_MODEL)) {
    const known = [VADER, ...models].join(", ");
    problems.push(`AI_SENTIMENT_MODEL must be one of ${known}, got ${JSON.stringify(values.AI_SENTIMENT_MODEL)}`);
  }
  return problems;
}

/** The settings of the AI service. */
export function toAiConfig(values: SettingValues): AiConfig {
  return {
    providers: [...mainProvider(values), ...values.AI_PROVIDERS ?? []],
    patience: {
      ...{ totalMs: values.AI_TIMEOUT_MS, firstByteMs: values.AI_FIRST_BYTE_TIMEOUT_MS, idleMs: values.AI_IDLE_TIMEOUT_MS },
      attempts: values.AI_ATTEMPTS,
    },
    limits: {
      ...{ atOnce: values.AI_MAX_GENERATIONS, atOncePerCaller: values.AI_MAX_GENERATIONS_PER_CALLER },
      ...{ graceMs: values.AI_RESUME_GRACE_MS, keepMs: values.AI_KEEP_DAYS * DAY_MS },
    },
    sentimentModel: values.AI_SENTIMENT_MODEL,
    assistantPerUser: values.AI_ASSISTANT_PER_USER,
    ...(values.AI_RECORD === undefined ? {} : { record: values.AI_RECORD }),
    ...(values.AI_REPLAY === undefined ? {} : { replay: values.AI_REPLAY }),
  };
}

function mainProvider(values: SettingValues): readonly AiProviderConfig[] {
  const { AI_BASE_URL: baseUrl, AI_MODEL: name, AI_API_KEY: apiKey, AI_API_KEY_PATH: apiKeyPath } = values;
  if (baseUrl === undefined || name === undefined) return [];
  const contextTokens = values.AI_CONTEXT_TOKENS;
  return [{
    ...{ name: MAIN, baseUrl, logProbabilities: false },
    models: [{ name, contextTokens, maxTokens: Math.min(values.AI_MAX_TOKENS, contextTokens) }],
    ...{ ...(apiKey === undefined ? {} : { apiKey }), ...(apiKeyPath === undefined ? {} : { apiKeyPath }) },
  }];
}
