import { DatabaseError, type Session, type SqlResult } from "../session.ts";
import type { WorkerError, WorkerReply, WorkerRequest } from "./protocol.ts";

interface Pending {
  readonly resolve: (result: SqlResult) => void;
  readonly reject: (error: DatabaseError) => void;
}

/** A checkpoint of what a busy process has written takes a second or two. */
const CLOSE_TIMEOUT_MS = 10_000;

/** The main thread's end of PGlite: its one session, in a worker. When the worker dies every statement fails with `WORKER_DIED`. */
export class PgliteSession implements Session {
  /** PGlite never reconnects. */
  readonly epoch = 1;
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "pglite" });
  readonly #pending = new Map<number, Pending>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #nextId = 1;
  #death: DatabaseError | undefined;

  private constructor(dataDir: string) {
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else Deno rethrows it in this thread and ends the process
      this.#die(event.message);
    };
    this.#send({ type: "open", dataDir });
  }

  /** Opens the database in `dataDir`, which is made when missing. Rejects with a {@link DatabaseError} and leaves nothing running. */
  static async open(dataDir: string): Promise<PgliteSession> {
    const session = new PgliteSession(dataDir);
    await session.#opened.promise;
    return session;
  }

  /** Why the worker is dead; undefined while it lives. */
  get problem(): string | undefined {
    return this.#death?.message;
  }

  query(sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    const { promise, resolve, reject } = Promise.withResolvers<SqlResult>();
    const id = this.#nextId++;
    this.#pending.set(id, { resolve, reject });
    this.#send({ type: "query", id, sql, parameters });
    return promise;
  }

  /** Shuts the database down in order (a checkpoint), then ends the worker; one that is dead or hangs is just ended: what is committed is on the disk. */
  async close(): Promise<void> {
    if (this.#death === undefined) {
      this.#send({ type: "close" });
      const timer = setTimeout(() => this.#closed.resolve(), CLOSE_TIMEOUT_MS);
      await this.#closed.promise;
      clearTimeout(timer);
    }
    this.#die("it was closed");
  }

  #send(request: WorkerRequest): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: WorkerReply): void {
    switch (reply.type) {
      case "opened":
        return this.#opened.resolve();
      case "closed":
        return this.#closed.resolve();
      case "failed":
        return this.#die(reply.error.message);
      case "rows":
        return this.#take(reply.id)?.resolve({ rows: reply.rows, affectedRows: reply.affectedRows });
      case "error":
        return this.#fail(reply.id, reply.error);
    }
  }

  #fail(id: number, error: WorkerError): void {
    const { code, message, constraint } = error;
    this.#take(id)?.reject(new DatabaseError(code, message, constraint === undefined ? {} : { constraint }));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #die(reason: string): void {
    this.#worker.terminate();
    this.#death ??= new DatabaseError("WORKER_DIED", `PGlite has stopped: ${reason}`);
    this.#opened.reject(this.#death);
    this.#closed.resolve();
    for (const { reject } of this.#pending.values()) reject(this.#death);
    this.#pending.clear();
  }
}
