/** What the main thread tells PGlite's worker. */
export type WorkerRequest =
  | { readonly type: "open"; readonly dataDir: string }
  | { readonly type: "query"; readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly type: "close" };

/** What the worker answers: `failed` ends the database, `error` one statement; `error.code` is a SQLSTATE, or empty where it is not SQL's failure. */
export type WorkerReply =
  | { readonly type: "opened" }
  | { readonly type: "failed"; readonly error: WorkerError }
  | { readonly type: "rows"; readonly id: number; readonly rows: Record<string, unknown>[]; readonly affectedRows: number }
  | { readonly type: "error"; readonly id: number; readonly error: WorkerError }
  | { readonly type: "closed" };

/** An error without its class, which does not survive the way between threads. */
export interface WorkerError {
  readonly code: string;
  readonly message: string;
  readonly constraint?: string;
}
