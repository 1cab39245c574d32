import { oneOf, path, postgresUrl, wholeNumber } from "../kinds.ts";
import { natsServers, subjectPrefix } from "../nats_kinds.ts";
import { given, optional } from "../setting.ts";

/** Where data lie, and how replicas wake each other. */
export const storesRows = {
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
} as const;
