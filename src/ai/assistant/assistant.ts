/**
 * Answers `@assistant` in the rooms that allow it: finds questions, takes them one by one, here or on any other server, and answers each once.
 *
 * @module
 */
import type { AiService, MessageService, RagService } from "../../contracts/mod.ts";
import { type Caller, SCOPES } from "../../core/caller.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import type { Database } from "../../database/database.ts";
import type { Log } from "../../observability/log.ts";
import { type AnsweringTools, answerQuestion } from "./answering.ts";
import { followRooms } from "./follower.ts";
import { ASSISTANT } from "./mention.ts";
import { type ClaimedQuestion, claimQuestion, closeQuestion, deleteOldQuestions, hasOpenQuestion, releaseQuestion } from "./store.ts";

/** How soon a question is noticed. */
const POLL_MS = 500;
/** Answers at once in one process. */
const MAX_AT_ONCE = 32;
/** A question that fails so often for other reasons than the model's, and not because a service is away, is given up. */
const MAX_ATTEMPTS = 10;
/** Attempts wait longer and longer. */
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;
/** These pass, however long that takes. */
const PASSING: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded", "resource_exhausted", "cancelled"]);
const DELETE_EVERY_MS = 3_600_000;

/** What the assistant works with. */
export interface AssistantOptions {
  readonly database: Database;
  readonly messages: MessageService;
  /** Absent: older messages are not searched. */
  readonly rag?: RagService;
  readonly ai: AiService;
  readonly log: Log;
  /** Answers at once to one user, on all servers together; further questions wait. */
  readonly perUser: number;
  readonly pollMs?: number;
}

/** The assistant calls as itself, which means this process where another one plays the service: who may read its answers may read what they rest on. */
const IDENTITY: Caller = { kind: "anonymous", id: ASSISTANT, name: ASSISTANT, scopes: new Set(SCOPES) };

/** The assistant of this process. */
export class Assistant {
  readonly #options: AssistantOptions;
  readonly #tools: AnsweringTools;
  readonly #closing = new AbortController();
  readonly #answering = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;
  #failing = false;
  #deleteAtMs = 0;

  constructor(options: AssistantOptions) {
    const { database, messages, rag, ai, log } = options;
    this.#options = options;
    this.#tools = { ...{ db: database.kysely, messages, rag, ai, log }, holder: crypto.randomUUID() };
    this.#schedule();
  }

  /** Ends what is at work, which its room is told, and takes no more. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("unavailable", "The server that was at the answer has stopped"));
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.all(this.#answering);
  }

  #schedule(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#look().finally(() => this.#schedule());
    }, this.#options.pollMs ?? POLL_MS);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    try {
      await followRooms(this.#tools, this.#context());
      await this.#claim();
      await this.#deleteOld();
      this.#failing = false;
    } catch (error) {
      if (this.#failing || this.#closing.signal.aborted) return;
      this.#failing = true;
      this.#options.log.warn("The assistant cannot look for questions; it tries again and again", { error });
    }
  }

  async #claim(): Promise<void> {
    const { db, holder } = this.#tools;
    if (!await hasOpenQuestion(db)) return;
    while (this.#answering.size < MAX_AT_ONCE && !this.#closing.signal.aborted) {
      const question = await claimQuestion(db, { holder, perUser: this.#options.perUser });
      if (question === undefined) return;
      const answering = this.#answer(question).finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    }
  }

  /** Never rejects. */
  async #answer(question: ClaimedQuestion): Promise<void> {
    const { db, holder, log } = this.#tools;
    const { room, message_id: id, attempts } = question;
    try {
      await answerQuestion(question, this.#tools, this.#context());
      await closeQuestion(db, question, holder);
    } catch (error) {
      log.warn("A question to the assistant could not be answered yet", { error, room, id, attempts });
      const passing = error instanceof ChatError && PASSING.has(error.code);
      const afterMs = Math.min(RETRY_MS * attempts, MAX_RETRY_MS);
      const leave = attempts >= MAX_ATTEMPTS && !passing
        ? closeQuestion(db, question, holder)
        : releaseQuestion(db, question, { holder, afterMs });
      await leave.catch((cause) => log.warn("A question to the assistant stays held for a while", { error: cause, room, id }));
    }
  }

  async #deleteOld(): Promise<void> {
    if (Date.now() < this.#deleteAtMs) return;
    this.#deleteAtMs = Date.now() + DELETE_EVERY_MS;
    await deleteOldQuestions(this.#tools.db);
  }

  #context(): CallContext {
    return { signal: this.#closing.signal, requestId: crypto.randomUUID(), caller: IDENTITY };
  }
}
