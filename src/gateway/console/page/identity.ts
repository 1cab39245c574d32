import { ask } from "./api.ts";
import { recall, remember } from "./memory.ts";
import type { Session } from "./types.ts";

/** Who uses the page. */
export class Identity {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Asks the server; throws `ApiError` with 401 for who has to sign in first. */
  static async find(): Promise<Identity> {
    return new Identity(await ask<Session>("/v1/session"));
  }

  /** Signs in with an API key or a token, which the server keeps in a cookie that no script reads. */
  static async signIn(token: string): Promise<Identity> {
    return new Identity(await ask<Session>("/v1/session", { method: "POST", headers: { authorization: `Bearer ${token}` } }));
  }

  /** Where nobody has to prove who they are, they may choose. */
  get isChosen(): boolean {
    return this.#session.kind === "anonymous";
  }

  /** The name that the caller writes under; empty: not chosen yet. */
  get name(): string {
    return this.isChosen ? recall("name", "") : this.#session.name;
  }

  /** Chooses a name. */
  rename(name: string): void {
    remember("name", name.trim());
  }

  /** Whether the caller may edit and delete what this author wrote. A stranger sees that of the own name only, although it may more. */
  owns(author: string): boolean {
    return author === this.name || (!this.isChosen && this.#session.scopes.includes("messages:moderate"));
  }

  /** Forgets the cookie. */
  signOut(): Promise<void> {
    return ask("/v1/session", { method: "DELETE" });
  }
}
