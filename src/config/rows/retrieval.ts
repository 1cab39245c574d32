import { httpUrl, word } from "../kinds.ts";
import { optional } from "../setting.ts";

/** The models that search may use. */
export const retrievalRows = {
  EMBEDDING_BASE_URL: optional(
    httpUrl,
    "Address of an embedding server with OpenAI's API, such as http://127.0.0.1:8080/v1; with `EMBEDDING_MODEL`",
    "Unset: documents are searched by words alone",
  ),
  EMBEDDING_MODEL: optional(
    word,
    "The embedding model; documents indexed with another one are found by words until they are indexed again",
    "Yours",
  ),
  EMBEDDING_API_KEY: optional(word, "Sent to the embedding server as a bearer token", "Unset: none is sent", "text"),
  RERANK_BASE_URL: optional(
    httpUrl,
    "Address of a reranking server whose `/rerank` judges the best results; with `RERANK_MODEL`",
    "Unset: the order of the search stands",
  ),
  RERANK_MODEL: optional(word, "The reranking model", "Yours"),
  RERANK_API_KEY: optional(word, "Sent to the reranking server as a bearer token", "Unset: none is sent", "text"),
} as const;
