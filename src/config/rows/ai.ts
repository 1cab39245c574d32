import { aiProviders, DEFAULT_CONTEXT_TOKENS, DEFAULT_MAX_TOKENS } from "../ai_kinds.ts";
import { httpUrl, path, wholeNumber, word } from "../kinds.ts";
import { given, optional } from "../setting.ts";

/** The models that answer, and what they are held to. */
export const aiRows = {
  AI_BASE_URL: optional(
    httpUrl,
    "Address of a server of language models with OpenAI's API, such as http://127.0.0.1:8080/v1 (vLLM, Ollama, llama.cpp, OpenAI); with `AI_MODEL`",
    "Unset: answers are chosen from documents, by the model `extractive`",
  ),
  AI_MODEL: optional(word, "The model there, and the default one", "Yours"),
  AI_API_KEY: optional(word, "Sent there as a bearer token", "Unset: none is sent", "text"),
  AI_API_KEY_PATH: optional(path, "File that has this key instead", "Unset: the key in `AI_API_KEY`, if any"),
  AI_CONTEXT_TOKENS: given(
    wholeNumber(1, 10_000_000),
    `${DEFAULT_CONTEXT_TOKENS}`,
    "Tokens that this model takes, request and answer together",
    "Servers do not tell; what small ones are started with",
  ),
  AI_MAX_TOKENS: given(
    wholeNumber(1, 10_000_000),
    `${DEFAULT_MAX_TOKENS}`,
    "Tokens of its longest answer; more asked for is refused",
    "Half of the context, so that the question fits",
  ),
  AI_PROVIDERS: optional(
    aiProviders,
    'More such servers as a JSON list, asked in this order, after `AI_BASE_URL`: `[{"name": "local", "base_url": "http://127.0.0.1:8080/v1", "models": ["llama"]}]`; each may have `api_key` or `api_key_path`, `context_tokens`, `max_tokens`, `log_probabilities`',
    "Unset: there are no others",
    "text",
  ),
  AI_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "300000",
    "Milliseconds that an answer may take, all attempts together",
    "A long answer of a slow model takes minutes",
  ),
  AI_FIRST_BYTE_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "30000",
    "Milliseconds until a server begins its answer; then the next attempt is made",
    "A busy server without an accelerator reads a long request for many seconds",
  ),
  AI_IDLE_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "20000",
    "Milliseconds of silence within an answer, after which it has failed",
    "The slowest models write a token a second",
  ),
  AI_ATTEMPTS: given(
    wholeNumber(1, 10),
    "3",
    "Attempts at each server before its answer begins; none is made afterwards",
    "What passes in seconds passes within three, and more would only load a busy server",
  ),
  AI_MAX_GENERATIONS: given(
    wholeNumber(1, 100_000),
    "1000",
    "Answers in the making at once in this process",
    "About 100 KB each at their longest usual size",
  ),
  AI_MAX_GENERATIONS_PER_CALLER: given(
    wholeNumber(1, 100_000),
    "250",
    "Of one caller, or of all together where callers prove nothing",
    "A quarter of all, so that one caller leaves room for others",
  ),
  AI_RESUME_GRACE_MS: given(
    wholeNumber(0, 600_000),
    "30000",
    "Milliseconds that an answer with a request id goes on when nobody follows it; one without is given up at once",
    "A client that has lost its connection is back by then",
  ),
  AI_KEEP_DAYS: given(wholeNumber(1, 36_500), "30", "Days that answers can be read again", "As long as somebody may look one up"),
  AI_ASSISTANT_PER_USER: given(
    wholeNumber(1, 100),
    "2",
    "Answers that `@assistant` makes for one user at once, on all servers together; further questions wait",
    "One may be long; many would keep others waiting",
  ),
  AI_SENTIMENT_MODEL: given(
    word,
    "vader",
    "What judges moods where the request names no model: `vader`, or a model of a server above, which is asked and paid for each text",
    "It needs no server and takes half a millisecond",
  ),
  AI_RECORD: optional(path, "Folder that gets each exchange with a model server as a file, without the key", "Unset: nothing is recorded"),
  AI_REPLAY: optional(path, "Folder of such files, which answer in the place of the model servers", "Unset: the servers are asked"),
} as const;
