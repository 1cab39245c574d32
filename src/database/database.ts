import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

/** Whether the database answers, as last seen; never waits for it. */
export interface DatabaseHealth {
  readonly ok: boolean;
  /** Why not; a sentence for the log and the readiness answer, without secrets. */
  readonly problem?: string;
}

/** How busy the database's connections are, and what has gone over them since the start. */
export interface DatabaseLoad {
  /** Connections that somebody holds. */
  readonly busy: number;
  /** Callers that wait for one. */
  readonly waiting: number;
  /** Statements that have ended; COMMIT and its like count. */
  readonly statements: number;
  /** Those of them that failed. */
  readonly failures: number;
  /** What they took together. */
  readonly seconds: number;
}

/** The one database of the process, PGlite or Postgres; same schema, same SQL. */
export interface Database {
  readonly kind: "pglite" | "postgres";
  /** Numbers come back as numbers (int8 too: positions stay below 2^53), jsonb as values, timestamps are int8 milliseconds. */
  readonly kysely: Kysely<Schema>;
  /** How many statements may run at once: 1 in PGlite. */
  readonly connections: number;
  /** A copy that may be behind, for reading history; undefined while it does not answer. Absent: there is none. */
  replica?(): Kysely<Schema> | undefined;
  /** From memory, so a long query cannot hold it up. */
  health(): DatabaseHealth;
  /** From memory, for metrics. */
  load(): DatabaseLoad;
  /** Waits for running statements, then closes; idempotent. */
  close(): Promise<void>;
}
