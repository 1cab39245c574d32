import { ApiError, ask, sentenceOf } from "./api.ts";
import type { Message } from "./types.ts";

/**
 * A message on its way; `problem` says why it has not been taken, and `isRefused` that it will not be. With an `answer` a plugin has taken it, and it is
 * no message of the room.
 */
export interface Draft {
  readonly id: string;
  readonly author: string;
  readonly content: string;
  readonly problem: string;
  readonly isRefused: boolean;
  readonly answer?: Pick<Message, "username" | "content">;
}

/** Who is told of drafts. */
export interface OutboxListener {
  changed(): void;
  /** The server has it. */
  sent(message: Message): void;
  /** A plugin answers it instead. */
  answered(message: Message): void;
}

const RETRY_MS = 2_000;

/**
 * Messages until the server has them. Each carries a name of its own, so that sending it again after a lost answer makes no second one; they are
 * sent in turn, and go on by themselves when the network is back.
 */
export class Outbox {
  readonly #room: string;
  readonly #listener: OutboxListener;
  #drafts: readonly Draft[] = [];
  #isSending = false;

  /** What is still to be sent when the signal fires is sent all the same. */
  constructor(room: string, signal: AbortSignal, listener: OutboxListener) {
    this.#room = room;
    this.#listener = listener;
    addEventListener("online", () => this.#work(), { signal });
  }

  /** Those that are not there yet, in their order. */
  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  /** Sends a message as soon as that can be. */
  send(content: string, author: string): void {
    this.#set([...this.#drafts, { id: name(), author, content, problem: "", isRefused: false }]);
    this.#work();
  }

  /** Lets go of what the room's log shows. */
  arrived({ client_message_id }: Message): void {
    this.drop(client_message_id);
  }

  /** Gives a draft up. */
  drop(id: string): void {
    if (this.#drafts.some((draft) => draft.id === id)) this.#set(this.#drafts.filter((draft) => draft.id !== id));
  }

  async #work(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let draft = this.#next(); draft !== undefined; draft = this.#next()) {
      const { id, author, content } = draft;
      try {
        const message = await ask<Message>("/v1/messages", {
          method: "POST",
          body: { room: this.#room, username: author, content, client_message_id: id },
        });
        if (message.id === 0) {
          this.#mark(id, { answer: message });
          this.#listener.answered(message);
          continue;
        }
        this.#listener.sent(message);
        this.drop(id);
      } catch (error) {
        const isPassing = error instanceof ApiError && (error.isPassing || error.status === 401);
        this.#mark(id, { problem: sentenceOf(error), isRefused: !isPassing });
        if (!isPassing) continue;
        setTimeout(() => this.#work(), (error as ApiError).retryAfterMs ?? RETRY_MS);
        break;
      }
    }
    this.#isSending = false;
  }

  #next(): Draft | undefined {
    return this.#drafts.find(({ isRefused, answer }) => !isRefused && answer === undefined);
  }

  #mark(id: string, news: Partial<Draft>): void {
    this.#set(this.#drafts.map((draft) => draft.id === id ? { ...draft, ...news } : draft));
  }

  #set(drafts: readonly Draft[]): void {
    this.#drafts = drafts;
    this.#listener.changed();
  }
}

/** `crypto.randomUUID` is there over TLS and on this machine only. */
function name(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
