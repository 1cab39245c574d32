/**
 * Every setting there is, one row each: the reader, `deno task config`, the README's table and the permissions that the `start` task grants
 * are all made from these rows.
 *
 * @module
 */
import { aiProviders, DEFAULT_CONTEXT_TOKENS, DEFAULT_MAX_TOKENS } from "./ai_kinds.ts";
import { certificateRules, jwtSecret, keySetUrl } from "./auth_kinds.ts";
import { hostNames, ipBlocks, origins, rate } from "./http_kinds.ts";
import { natsServers, subjectPrefix } from "./nats_kinds.ts";
import {
  accessLogMode,
  addresses,
  flag,
  host,
  httpUrl,
  type Kind,
  metricsPort,
  oneOf,
  path,
  postgresUrl,
  setOf,
  token,
  wholeNumber,
  word,
} from "./kinds.ts";

/** One setting. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** As it would stand in the environment; absent: unset, or derived from other settings as `why` says. */
  readonly default?: string;
  /** Why this default. */
  readonly why: string;
  /** What it means, with its unit. */
  readonly doc: string;
  /** Never shown; `url` shows the address without user name, password and query, `text` nothing. */
  readonly secret?: "url" | "text";
}

/** A setting that always has a value. */
type Given<T> = Setting<T> & { readonly default: string };

const PORT = wholeNumber(0, 65_535);

function given<T>(kind: Kind<T>, value: string, doc: string, why: string): Given<T> {
  return { kind, default: value, doc, why };
}

function optional<T>(kind: Kind<T>, doc: string, why: string, secret?: "url" | "text"): Setting<T> {
  return secret === undefined ? { kind, doc, why } : { kind, doc, why, secret };
}

/** The rows, in the order in which people read them. */
export const settings = {
  SERVICES: given(
    setOf(["gateway", "message", "rag", "ai"], ["plugin"]),
    "gateway,message,rag,ai",
    "The parts that this process plays, separated by commas",
    "All that this version has, so that one process is a whole system",
  ),
  MESSAGE_SERVICE_ADDR: optional(
    addresses,
    "host:port of the message service's gRPC server, or of several over which calls are spread, separated by commas; for a process that calls it and does not play `message` itself",
    "Needed only when the system is split over processes; a gateway cannot do without",
  ),
  RAG_SERVICE_ADDR: optional(addresses, "The same for the RAG service and `rag`", "Unset: what needs documents does without"),
  AI_SERVICE_ADDR: optional(addresses, "The same for the AI service and `ai`", "Unset: what needs answers does without"),
  PLUGIN_SERVICE_ADDR: optional(addresses, "The same for the plugin service and `plugin`", "Unset: there are no plugins"),
  HTTP_HOST: given(host, "127.0.0.1", "Address that the HTTP gateway listens on", "Only this machine, until somebody decides otherwise"),
  HTTP_PORT: given(PORT, "8000", "Port of the HTTP gateway; 0 takes a free one", "The usual port of a web service in development"),
  HTTP_TLS_CERT_PATH: optional(
    path,
    "PEM file of the HTTP gateway's certificate chain; with HTTP_TLS_KEY_PATH the gateway speaks TLS, HTTP/2 too",
    "Unset: in the clear, for loopback or behind a proxy that speaks TLS; renewed files count from the next start",
  ),
  HTTP_TLS_KEY_PATH: optional(path, "PEM file of that certificate's private key", "Yours"),
  HTTP_ALLOWED_ORIGINS: given(
    origins,
    "none",
    "Other origins whose pages may use the API (CORS), such as `https://app.example`, separated by commas; also the gateway's own where a proxy changes the Host header",
    "The gateway's own page needs none, and a page of anybody else has no business here until somebody says so",
  ),
  HTTP_ALLOWED_HOSTS: given(
    hostNames,
    "auto",
    "Host names that HTTP requests may be for, separated by commas, besides IP addresses and localhost; any: all; auto: none more on loopback without AUTH_MODE, else any",
    "A web page anywhere can give its own name this machine's address (DNS rebinding) and drive a server that asks nobody who they are",
  ),
  HTTP_TRUSTED_PROXIES: given(
    ipBlocks,
    "none",
    "Addresses of proxies, such as `10.0.0.0/8`, separated by commas, whose `X-Forwarded-For` is believed",
    "Anybody can send that header",
  ),
  HTTP_REQUEST_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "30000",
    "Milliseconds that an HTTP request may take, its body's arrival included; streams last as long as their readers",
    "What proxies in front usually wait",
  ),
  HTTP_MAX_CALLS_PER_CALLER: given(
    wholeNumber(1, 1_000_000),
    "10000",
    "HTTP requests, streams and WebSockets among them, at once of one caller, or of one address where callers prove nothing; further ones get 429",
    "As many streams as a process holds over gRPC; behind a proxy that is not trusted all clients are one address",
  ),
  RATE_LIMIT_PER_CALLER: given(
    rate,
    "auto",
    "HTTP requests that one caller may make, as COUNT/SECONDS: so many at once, and as many again spread over so many seconds; off: any number; auto: off on loopback without AUTH_MODE, else 6000/60",
    "A hundred a second is far more than people make, and a page that opens asks for much at once",
  ),
  RATE_LIMIT_PER_ADDRESS: given(
    rate,
    "auto",
    "The same for one address (of IPv6 the first 64 bits), for requests whose caller has not proved who it is, those with a wrong credential among them",
    "A caller with a good credential is not held up by strangers behind the same address",
  ),
  GRPC_ENABLED: given(
    flag,
    "false",
    "Whether the gRPC server runs",
    "The specification's; `deno task start` and the image set it to true unless the environment already says",
  ),
  GRPC_SERVER_HOST: given(
    host,
    "127.0.0.1",
    "Address that the gRPC server listens on",
    "The specification's sample listens everywhere (0.0.0.0), which without TLS and authentication hands the log to the whole network",
  ),
  GRPC_SERVER_PORT: given(PORT, "50051", "Port of the gRPC server; 0 takes a free one", "The specification's"),
  GRPC_MAX_WORKERS: given(
    wholeNumber(1, 100_000),
    "256",
    "RPC handlers that run at once; further calls wait",
    "The specification's 10 counts threads; here a handler costs no thread, and group commit is faster the more calls it finds",
  ),
  GRPC_MAX_QUEUED_CALLS: given(
    wholeNumber(0, 1_000_000),
    "1024",
    "Calls that may wait for a handler; further ones get RESOURCE_EXHAUSTED",
    "Four waiting for each one running: well under a second of work, and at most 64 MB of contents",
  ),
  GRPC_TLS_ENABLED: given(flag, "false", "Whether the gRPC server speaks TLS", "The specification's"),
  GRPC_TLS_CERT_PATH: optional(path, "PEM file of the certificate chain; needed with TLS", "Yours"),
  GRPC_TLS_KEY_PATH: optional(path, "PEM file of the private key; needed with TLS", "Yours"),
  GRPC_TLS_CA_PATH: optional(
    path,
    "PEM file of the authorities whose client certificates are required (mutual TLS)",
    "Unset: clients need no certificate",
  ),
  GRPC_MAX_MESSAGE_SIZE: given(
    wholeNumber(131_072, 1_073_741_824),
    "4194304",
    "Bytes of the largest gRPC message, in and out",
    "The specification's, and what gRPC clients expect; no less than 131072, because one message at its limits must fit",
  ),
  GRPC_KEEPALIVE_TIME_MS: given(
    wholeNumber(1_000, 86_400_000),
    "10000",
    "Milliseconds of silence after which the gRPC server pings a connection",
    "The specification's; without pings the streams of a vanished client would stay for ever",
  ),
  GRPC_KEEPALIVE_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "5000",
    "Milliseconds that a ping may go unanswered before the connection is dropped",
    "The specification's",
  ),
  GRPC_MAX_STREAMS_PER_CONNECTION: given(
    wholeNumber(1, 1_000_000),
    "1000",
    "Calls, streams among them, at once on one connection; more wait in the client",
    "The library itself knows no limit, and one connection could take all memory",
  ),
  GRPC_MAX_CALLS_PER_CALLER: given(
    wholeNumber(1, 1_000_000),
    "5000",
    "Calls, streams among them, at once of one caller, or of one address where callers prove nothing; further ones get RESOURCE_EXHAUSTED",
    "Half of the 10,000 streams that a process holds, so that one caller leaves room for others",
  ),
  GRPC_MAX_DEADLINE_MS: given(
    wholeNumber(100, 86_400_000),
    "60000",
    "Milliseconds that a unary call may take; a longer deadline, or none, is cut to it",
    "Nobody waits longer for an answer, and a lost client must not hold a worker for ever",
  ),
  GRPC_MAX_CONNECTION_IDLE_MS: given(
    wholeNumber(0, 86_400_000),
    "900000",
    "Milliseconds without a call after which a connection is ended (clients connect again when they need to); 0: never",
    "Longer than the pauses of a busy client; an idle connection costs about 50 KB",
  ),
  GRPC_MAX_CONNECTION_AGE_MS: given(
    wholeNumber(0, 86_400_000),
    "0",
    "Milliseconds (give or take a tenth) after which a connection is ended: its streams with UNAVAILABLE and the position to resume after; 0: never",
    "Needed only where a balancer spreads connections and replicas come and go: then half an hour is usual",
  ),
  GRPC_MAX_CONNECTION_AGE_GRACE_MS: given(
    wholeNumber(0, 3_600_000),
    "10000",
    "Milliseconds that unary calls on such a connection may still take",
    "As long as clients wait for an answer by default",
  ),
  MEMORY_LIMIT_MB: optional(
    wholeNumber(64, 10_000_000),
    "Megabytes (of 1,048,576 bytes) that the process may use; for the shedding below",
    "Unset: the container's limit, where there is one",
  ),
  MEMORY_HIGH_PERCENT: given(
    wholeNumber(10, 100),
    "90",
    "Share of that limit, or of the JavaScript heap's own, above which new calls get RESOURCE_EXHAUSTED and the process is not ready",
    "Before the system kills the process with everything that it has under way",
  ),
  GRPC_REFLECTION: given(
    oneOf(["auto", "on", "off"]),
    "auto",
    "Who may ask the gRPC server what it offers (server reflection): on, everybody; off, nobody; auto, on loopback everybody, elsewhere callers who have proved who they are (with AUTH_MODE or CERTIFICATE_CALLERS: who have the scope introspection)",
    "Tools such as buf curl need it; strangers do not",
  ),
  AUTH_MODE: given(
    oneOf(["none", "api_key", "jwt"]),
    "none",
    "How callers prove who they are: none (everybody may do everything), api_key or jwt, sent as `Authorization: Bearer …`; set it to none in so many words to listen beyond this machine",
    "Trying it on one machine takes no key; beyond it, somebody has to decide",
  ),
  API_KEYS_PATH: optional(
    path,
    "File of the API keys that `deno task keys` makes, for `AUTH_MODE=api_key`",
    "Unset: in the database of `DATABASE_URL`, else `api_keys.json` in `DATA_DIR`",
  ),
  JWT_ISSUER: optional(word, "The `iss` that tokens must have; needed with `AUTH_MODE=jwt`", "Yours"),
  JWT_AUDIENCE: optional(word, "The `aud` that tokens must have; needed with `AUTH_MODE=jwt`", "Yours"),
  JWT_SECRET: optional(
    jwtSecret,
    "Secret that tokens are signed with (HS256); one of this and the next three is needed with `AUTH_MODE=jwt`",
    "Unset: another of the four",
    "text",
  ),
  JWT_SECRET_PATH: optional(path, "File of that secret, at least 32 bytes", "Unset: another of the four"),
  JWT_JWKS_PATH: optional(
    path,
    "File of the issuer's public keys, a JSON Web Key Set (RS256, PS256, ES256, ES384, EdDSA)",
    "Unset: another of the four",
  ),
  JWT_JWKS_URL: optional(
    keySetUrl,
    "https:// address of that set (http:// on loopback), read again every 5 minutes and, for an unknown key, at most every 10 s",
    "Unset: another of the four",
  ),
  JWT_NAME_CLAIM: given(
    word,
    "sub",
    "The claim that is the user's name",
    "The only one that every token has and that an issuer never gives away anew",
  ),
  JWT_CLOCK_SKEW_SECONDS: given(
    wholeNumber(0, 300),
    "30",
    "Seconds by which the issuer's clock may differ when `exp` and `nbf` are checked",
    "Machines that keep time differ by less, and an expired token lives hardly longer",
  ),
  CERTIFICATE_CALLERS: given(
    certificateRules,
    "none",
    "Who is known by client certificate (mutual TLS): `SAN NAME SCOPE,SCOPE`, separated by semicolons, such as `DNS:gateway.chat gateway messages:read`; the first that fits counts, a certificate without one may do nothing",
    "Certificates say nothing about who calls until somebody says which are whose",
  ),
  DATABASE_URL: optional(
    postgresUrl,
    "postgres:// address of the database; of several hosts (`a:5432,b:5432`) the one that accepts writes is used",
    "Unset: an embedded Postgres (PGlite) in `DATA_DIR`",
    "url",
  ),
  DATABASE_READ_URL: optional(
    postgresUrl,
    "postgres:// address of a replica of that database, for pages of history and searches; what it does not have yet, and everything while it is down, comes from `DATABASE_URL`",
    "Unset: everything comes from `DATABASE_URL`",
    "url",
  ),
  DATABASE_POOL_SIZE: given(
    wholeNumber(1, 1_000),
    "10",
    "Connections to Postgres at most",
    "Writes go in groups, so few are enough, and Postgres allows 100 in all by default",
  ),
  DATABASE_STATEMENT_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "10000",
    "Milliseconds after which Postgres gives a statement up",
    "A hundred times the slowest ordinary statement; a stuck one frees its connection before callers lose patience",
  ),
  DATA_DIR: given(path, "./data", "Folder of the embedded database; one process at a time", "Beside the program, made at the first start"),
  EVENT_BUS: optional(
    oneOf(["memory", "postgres", "nats"]),
    "How replicas wake each other: memory (one process), postgres (NOTIFY) or nats",
    "postgres with `DATABASE_URL`, else memory",
  ),
  NATS_URL: optional(
    natsServers,
    "nats:// or tls:// addresses of the members of one NATS cluster, separated by commas; `user:password@` or `token@` logs in",
    "Needed with `EVENT_BUS=nats`; NATS may be down at the start, and only these addresses are gone to",
    "url",
  ),
  NATS_SUBJECT_PREFIX: given(
    subjectPrefix,
    "chat.wake_up",
    "What the subjects of the wake-ups begin with; the room follows in base64url",
    "Systems that share a NATS must differ in it",
  ),
  NATS_CREDS_PATH: optional(path, "Credentials file (JWT and seed) to log in to NATS with", "Unset: the user in `NATS_URL`, if any"),
  NATS_NKEY_PATH: optional(path, "File with the seed of the NKey to log in to NATS with", "Unset: the user in `NATS_URL`, if any"),
  NATS_TLS_CA_PATH: optional(path, "PEM file of the authorities that NATS servers are trusted by; turns TLS on", "Unset: the system's"),
  NATS_TLS_CERT_PATH: optional(path, "PEM file of the certificate to show to NATS", "Unset: none"),
  NATS_TLS_KEY_PATH: optional(path, "PEM file of that certificate's private key", "Unset: none"),
  METRICS_HOST: given(
    host,
    "127.0.0.1",
    "Address that `/metrics` (Prometheus) and, for probes, `/healthz` and `/readyz` are offered on",
    "Metrics tell a stranger how busy the system is and what with",
  ),
  METRICS_PORT: given(
    metricsPort,
    "auto",
    "Port of `/metrics`, `/healthz` and `/readyz`; 0 takes a free one, off offers none, auto is 9464, or none (with a warning) where another process has that",
    "9464 is OpenTelemetry's usual port for Prometheus; auto, so that a second process on a machine starts without another setting",
  ),
  METRICS_TOKEN: optional(
    token,
    "What a scraper must send as `Authorization: Bearer …`, and a probe need not; needed where METRICS_HOST can be reached from other machines",
    "Unset: no token, which is enough on loopback",
    "text",
  ),
  LOG_ACCESS: given(
    accessLogMode,
    "all",
    "Which calls get a line in the log: all, errors (those that failed), off, or a share such as 0.01 (and those that failed)",
    "Costs under 3 % of the throughput; no line holds contents",
  ),
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
  AI_RECORD: optional(path, "Folder that gets each exchange with a model server as a file, without the key", "Unset: nothing is recorded"),
  AI_REPLAY: optional(path, "Folder of such files, which answer in the place of the model servers", "Unset: the servers are asked"),
  LOG_LEVEL: given(
    oneOf(["debug", "info", "warn", "error"]),
    "info",
    "The least grave lines that are logged",
    "Starts, stops and trouble, not each call",
  ),
  SHUTDOWN_TIMEOUT_MS: given(
    wholeNumber(0, 600_000),
    "8000",
    "Milliseconds that a stopping process waits for accepted calls",
    "Under the 10 s that orchestrators give before they kill",
  ),
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof settings;

/** Every setting's name, in the order of the table. */
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** What each setting was read as; those without a default may be undefined. */
export type SettingValues = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Given<infer T> ? T
    : (typeof settings)[Name] extends Setting<infer T> ? T | undefined
    : never;
};
