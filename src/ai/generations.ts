import type { Generation, GenerationPart } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { abortError, ChatError, type ErrorCode } from "../core/errors.ts";
import { pauseUntil } from "../core/pause.ts";
import { toChatError } from "../database/errors.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import type { AnswerWriter } from "./answer_writer.ts";
import { foldParts } from "./fold.ts";
import { PartQueue } from "./part_queue.ts";
import { RunningGeneration, ServiceClosing } from "./running_generation.ts";
import * as store from "./store.ts";

/** How many generations there may be, and for how long. */
export interface GenerationLimits {
  /** At once in this process. */
  readonly atOnce: number;
  /** At once of one caller in this process. */
  readonly atOncePerCaller: number;
  /** That a generation with a request id goes on when nobody follows it. */
  readonly graceMs: number;
  /** That one is kept after its end. */
  readonly keepMs: number;
}

/** What generations are kept with. */
export interface GenerationsOptions {
  readonly database: Database;
  readonly log: Log;
  readonly limits: GenerationLimits;
  /** How often another server's generation is looked at. */
  readonly pollMs?: number;
  /** How often holds are renewed and lost generations looked for. */
  readonly tendMs?: number;
}

/** A generation to begin or to go on with. */
export interface GenerationStart {
  /** Empty: a name is made up. */
  readonly requestId: string;
  readonly fingerprint: string;
  readonly resumeAfter: number;
  /** Makes the answer; called only where there is no generation of that name yet. */
  readonly work: (writer: AnswerWriter, signal: AbortSignal) => Promise<void>;
}

const POLL_MS = 100;
const TEND_MS = 1_000;
const RETRY_AFTER_MS = 1_000;
const DELETE_EVERY_MS = 600_000;

/** Whose generation it is decides by the caller's id, which no other caller has. */
type Found = { readonly kind: "here"; readonly running: RunningGeneration } | {
  readonly kind: "stored";
  readonly row: store.GenerationRow;
};

/** Every generation of the callers of this process: those at work here, those at work elsewhere, and those that are over. */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #db: Database["kysely"];
  readonly #holder = crypto.randomUUID();
  readonly #queue = new PartQueue((batches) => store.appendParts(this.#db, this.#holder, batches));
  readonly #running = new Map<string, { readonly owner: string; readonly generation: RunningGeneration }>();
  readonly #starting = new Map<string, Promise<Found>>();
  readonly #ending = new Set<Promise<void>>();
  readonly #tending: ReturnType<typeof setInterval>;
  #tended: Promise<void>;
  #deleteAtMs = 0;
  #closed = false;

  constructor(options: GenerationsOptions) {
    this.#options = options;
    this.#db = options.database.kysely;
    this.#tended = this.#tend();
    this.#tending = setInterval(() => void (this.#tended = this.#tended.then(() => this.#tend())), options.tendMs ?? TEND_MS);
  }

  /** Begins a generation or goes on with the one of that name, and tells its parts. */
  async *follow(start: GenerationStart, context: CallContext): AsyncGenerator<GenerationPart> {
    if (context.signal.aborted) throw abortError(context.signal);
    const name = { owner: context.caller.id, requestId: start.requestId || crypto.randomUUID() };
    const found = await this.#open(name, start);
    const { fingerprint } = found.kind === "here" ? found.running : found.row;
    if (fingerprint !== start.fingerprint) throw otherContent(name.requestId);
    yield* this.#partsOf(found, { name, resumeAfter: start.resumeAfter, context });
  }

  /** Goes on with the caller's own generation, whatever it was asked, and tells its parts. */
  async *resume(
    { requestId, resumeAfter }: Pick<GenerationStart, "requestId" | "resumeAfter">,
    context: CallContext,
  ): AsyncGenerator<GenerationPart> {
    const name = { owner: context.caller.id, requestId };
    const here = this.#running.get(keyOf(name));
    const found: Found = here === undefined ? { kind: "stored", row: await this.#read(name) } : { kind: "here", running: here.generation };
    yield* this.#partsOf(found, { name, resumeAfter, context });
  }

  async *#partsOf(
    found: Found,
    { name, resumeAfter, context }: { readonly name: store.GenerationName; readonly resumeAfter: number; readonly context: CallContext },
  ): AsyncGenerator<GenerationPart> {
    const lastSeq = found.kind === "here" ? found.running.lastSeq : found.row.last_seq;
    if (resumeAfter > lastSeq) {
      throw new ChatError("out_of_range", `Field \`resume_after\` must be at most ${lastSeq}, the newest part, got ${resumeAfter}`, {
        field: "resume_after",
      });
    }
    if (found.kind === "here") yield* found.running.follow(resumeAfter, context.signal);
    else yield* this.#followStored(name, resumeAfter, context.signal);
  }

  /** The caller's own generation, as far as it has come. */
  async get(requestId: string, { caller }: CallContext): Promise<Generation> {
    const name = { owner: caller.id, requestId };
    const here = this.#running.get(keyOf(name));
    if (here !== undefined) return here.generation.snapshot();
    const row = await this.#read(name);
    const parts = await store.readAllParts(this.#db, row.id);
    const last = parts.at(-1);
    const answer = foldParts(requestId, parts);
    const error = last?.kind === "error" && row.status !== "cancelled" ? { code: last.code, message: last.message } : undefined;
    return {
      ...{ requestId, status: row.status, lastSeq: last?.seq ?? 0, createdAtMs: row.created_at_ms, updatedAtMs: row.updated_at_ms },
      answer: row.status === "cancelled" ? { ...answer, finishReason: "cancelled" } : answer,
      ...(error === undefined ? {} : { error }),
    };
  }

  /** Ends the owner's generation, wherever it is at work; false when it is over. */
  async cancel(requestId: string, owner: string): Promise<boolean> {
    const name = { owner, requestId };
    const here = this.#running.get(keyOf(name));
    if (here === undefined) return await store.askCancel(this.#db, (await this.#read(name)).id);
    here.generation.stop(wasCancelled());
    return true;
  }

  /** Ends what is at work, stores how far it came, and takes no more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#tending);
    for (const { generation } of this.#running.values()) generation.stop(new ServiceClosing());
    await Promise.all([...this.#ending, this.#tended]);
  }

  /** Finds the generation of this name, or begins it: exactly once, whoever else tries at the same time, here or elsewhere. */
  #open(name: store.GenerationName, start: GenerationStart): Promise<Found> {
    const key = keyOf(name);
    const here = this.#running.get(key);
    if (here !== undefined) return Promise.resolve({ kind: "here", running: here.generation });
    const known = this.#starting.get(key);
    if (known !== undefined) return known;
    const opening = this.#begin(name, start).finally(() => this.#starting.delete(key));
    this.#starting.set(key, opening);
    return opening;
  }

  async #begin(name: store.GenerationName, start: GenerationStart): Promise<Found> {
    const { fingerprint, requestId } = start;
    if (requestId !== "") {
      const row = await store.findGeneration(this.#db, name);
      if (row !== undefined && !await this.#mayBeginAgain(row, start)) return { kind: "stored", row };
    }
    if (start.resumeAfter > 0) throw missing(name.requestId);
    this.#requirePlace(name.owner);
    const id = await store.insertGeneration(this.#db, { ...name, fingerprint, holder: this.#holder });
    if (id === undefined) return { kind: "stored", row: await this.#read(name) };
    const { log, limits } = this.#options;
    const graceMs = requestId === "" ? 0 : limits.graceMs;
    const generation = new RunningGeneration({ queue: this.#queue, log, id, name, fingerprint, graceMs });
    this.#run(keyOf(name), name.owner, generation, start.work);
    return { kind: "here", running: generation };
  }

  /** Takes away one that failed before anything of its answer came, so that nothing can have been paid for it; its repeat is a first attempt. */
  async #mayBeginAgain(row: store.GenerationRow, { fingerprint, resumeAfter }: GenerationStart): Promise<boolean> {
    if (row.status !== "failed" || row.fingerprint !== fingerprint || resumeAfter > 0) return false;
    const parts = await store.readParts(this.#db, row.id, 0);
    if (!parts.every(({ kind }) => kind === "retrieval" || kind === "error")) return false;
    await store.deleteFailed(this.#db, row.id);
    return true;
  }

  #run(key: string, owner: string, generation: RunningGeneration, work: GenerationStart["work"]): void {
    this.#running.set(key, { owner, generation });
    if (this.#closed) generation.stop(new ServiceClosing());
    const ending = generation.run((writer) => work(writer, generation.signal)).finally(() => {
      this.#running.delete(key);
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  #requirePlace(owner: string): void {
    const { atOnce, atOncePerCaller } = this.#options.limits;
    if (this.#closed) throw new ChatError("unavailable", "The AI service is stopping", { retryAfterMs: RETRY_AFTER_MS });
    const own = [...this.#running.values()].filter((other) => other.owner === owner).length;
    if (own >= atOncePerCaller) {
      throw new ChatError("resource_exhausted", `The caller has ${own} generations running, and may have ${atOncePerCaller}`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    if (this.#running.size + this.#starting.size > atOnce) {
      throw new ChatError("resource_exhausted", `${atOnce} generations are running, as many as may`, { retryAfterMs: RETRY_AFTER_MS });
    }
  }

  async *#followStored(name: store.GenerationName, afterSeq: number, signal: AbortSignal): AsyncGenerator<GenerationPart> {
    for (let at = afterSeq;;) {
      if (signal.aborted) throw abortError(signal);
      // The row first: what it calls the last part is stored by then.
      const row = await this.#read(name);
      for (const part of await store.readParts(this.#db, row.id, at)) {
        if (signal.aborted) throw abortError(signal);
        at = part.seq;
        yield part;
      }
      if (row.status === "running") await pauseUntil(this.#options.pollMs ?? POLL_MS, signal);
      else if (at >= row.last_seq) return endAs(row);
    }
  }

  /** The generation as it stands; one whose server has died is ended first. */
  async #read(name: store.GenerationName): Promise<store.GenerationRow> {
    const row = await store.findGeneration(this.#db, name);
    if (row === undefined) throw missing(name.requestId);
    if (!row.lost) return row;
    await store.endLost(this.#db);
    return await this.#read(name);
  }

  /** Holds what is at work here, ends what has lost its server, and deletes what is old. Never rejects. */
  async #tend(): Promise<void> {
    try {
      if (this.#running.size > 0) this.#checkHolds(new Set(this.#running.values()), await store.renewHolds(this.#db, this.#holder));
      const lost = await store.endLost(this.#db);
      if (lost > 0) this.#options.log.warn(`${lost} generations had lost their server`);
      if (Date.now() < this.#deleteAtMs) return;
      this.#deleteAtMs = Date.now() + DELETE_EVERY_MS;
      await store.deleteOld(this.#db, this.#options.limits.keepMs);
    } catch (error) {
      this.#options.log.warn("Generations could not be tended", { error: toChatError(error) });
    }
  }

  #checkHolds(
    asked: ReadonlySet<{ readonly generation: RunningGeneration }>,
    held: ReadonlyMap<number, { readonly cancelAsked: boolean }>,
  ): void {
    for (const { generation } of asked) {
      const hold = held.get(generation.id);
      if (hold === undefined) generation.stop(new ChatError("aborted", "Another server has ended the generation"));
      else if (hold.cancelAsked) generation.stop(wasCancelled());
    }
  }
}

function keyOf({ owner, requestId }: store.GenerationName): string {
  return `${owner}\0${requestId}`;
}

function endAs({ status, error_code: code, error_message: message }: store.GenerationRow): void {
  if (status !== "done") throw new ChatError((code ?? "INTERNAL").toLowerCase() as ErrorCode, message ?? "The generation failed");
}

function wasCancelled(): ChatError {
  return new ChatError("cancelled", "The generation was cancelled");
}

function missing(requestId: string): ChatError {
  return new ChatError("not_found", `There is no generation ${JSON.stringify(requestId)} of this caller`, { field: "request_id" });
}

function otherContent(requestId: string): ChatError {
  const text = `The generation ${JSON.stringify(requestId)} was begun with another request: a new one needs an id of its own`;
  return new ChatError("already_exists", text, { field: "request_id" });
}
