/** One statement's outcome. */
export interface SqlResult {
  readonly rows: readonly Record<string, unknown>[];
  /** Rows inserted, updated or deleted; unset for other statements. */
  readonly affectedRows?: number;
}

/**
 * One connection to a database, PGlite's only one or one of Postgres'. One statement at a time: whoever holds it waits for each.
 * Parameters are what `toParameter` makes. Throws {@link DatabaseError}.
 */
export interface Session {
  /** Another number stands for another server session: a transaction that began on the old one is gone. */
  readonly epoch: number;
  query(sql: string, parameters: readonly unknown[]): Promise<SqlResult>;
  close(): Promise<void>;
}

/** What a database, or the way to it, said went wrong; the same for PGlite and Postgres. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  /** The SQLSTATE, such as `23505`, or the driver's code, such as `CONNECTION_CLOSED`. */
  readonly code: string;
  /** The name of the violated constraint or unique index. */
  readonly constraint?: string;

  constructor(code: string, message: string, details: { readonly constraint?: string; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.constraint !== undefined) this.constraint = details.constraint;
  }
}
