import type { AiProviderConfig } from "./config.ts";
import { httpUrl, type Kind, type Parsed, path, word } from "./kinds.ts";

const MAX_PROVIDERS = 16;
const MAX_MODELS = 100;
/** What a model takes whose server does not say: what small servers are started with. */
export const DEFAULT_CONTEXT_TOKENS = 8_192;
/** The longest answer of such a model: half of it. */
export const DEFAULT_MAX_TOKENS = 4_096;
const MAX_TOKENS = 10_000_000;

const FIELDS = ["name", "base_url", "models", "api_key", "api_key_path", "context_tokens", "max_tokens", "log_probabilities"];
const SHAPE = 'a JSON list such as [{"name": "local", "base_url": "http://127.0.0.1:8080/v1", "models": ["llama"]}]';

/**
 * Servers of language models as a JSON list, in the order in which they are asked. Each has `name`, `base_url` and `models`; it may have `api_key` or
 * `api_key_path`, and for its models `context_tokens`, `max_tokens` and `log_probabilities`.
 */
export const aiProviders: Kind<readonly AiProviderConfig[]> = {
  parse(text) {
    const list = parsedJson(text);
    if (!Array.isArray(list) || list.length === 0 || list.length > MAX_PROVIDERS) return { wanted: `${SHAPE}, of 1 to ${MAX_PROVIDERS}` };
    const providers: AiProviderConfig[] = [];
    for (const [index, item] of list.entries()) {
      const parsed = provider(item);
      if ("wanted" in parsed) return { wanted: `${SHAPE}; in entry ${index + 1} ${parsed.wanted}` };
      providers.push(parsed.value);
    }
    const names = new Set(providers.map(({ name }) => name));
    return names.size === providers.length ? { value: providers } : { wanted: `${SHAPE}, each with a name of its own` };
  },
};

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `wanted` says what one field has to be; no value is told, because it may be a key. */
function provider(item: unknown): Parsed<AiProviderConfig> {
  if (typeof item !== "object" || item === null) return { wanted: "must be an object" };
  const given = item as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return { wanted: `${JSON.stringify(unknown)} is none of ${FIELDS.join(", ")}` };
  const { name, base_url: baseUrl, models, api_key: apiKey, api_key_path: apiKeyPath, log_probabilities: logs = false } = given;
  const { context_tokens: contextTokens = DEFAULT_CONTEXT_TOKENS, max_tokens: maxTokens = DEFAULT_MAX_TOKENS } = given;
  if (!isA(word, name)) return { wanted: '"name" must be a word' };
  if (!isA(httpUrl, baseUrl)) return { wanted: '"base_url" must be an http:// or https:// address' };
  if (!Array.isArray(models) || models.length < 1 || models.length > MAX_MODELS || !models.every((model) => isA(word, model))) {
    return { wanted: `"models" must be a list of 1 to ${MAX_MODELS} names` };
  }
  if (apiKey !== undefined && (!isA(word, apiKey) || apiKeyPath !== undefined)) {
    return { wanted: '"api_key" must be a word, without "api_key_path"' };
  }
  if (apiKeyPath !== undefined && !isA(path, apiKeyPath)) return { wanted: '"api_key_path" must be a path' };
  if (!isTokens(contextTokens) || !isTokens(maxTokens)) {
    return { wanted: `"context_tokens" and "max_tokens" must be whole numbers from 1 to ${MAX_TOKENS}` };
  }
  if (typeof logs !== "boolean") return { wanted: '"log_probabilities" must be true or false' };
  return {
    value: {
      ...{ name, baseUrl: baseUrl.replace(/\/+$/, ""), logProbabilities: logs },
      models: (models as readonly string[]).map((model) => ({ name: model, contextTokens, maxTokens: Math.min(maxTokens, contextTokens) })),
      ...{ ...(apiKey === undefined ? {} : { apiKey }), ...(apiKeyPath === undefined ? {} : { apiKeyPath }) },
    },
  };
}

function isA(kind: Kind<string>, value: unknown): value is string {
  return typeof value === "string" && value !== "" && "value" in kind.parse(value);
}

function isTokens(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_TOKENS;
}
