import { ApiError, ask } from "./api.ts";
import { fill, h } from "./dom.ts";
import { recall, remember } from "./memory.ts";
import type { MessagePage, Room } from "./types.ts";

const REFRESH_MS = 5_000;
const PAGE = 500;
const HOME = "general";

/** The room's place in the page. */
export function roomAddress(room: string): string {
  return `#/rooms/${encodeURIComponent(room)}`;
}

/** One entry of the list. */
interface Entry {
  readonly room: string;
  readonly title: string;
  readonly headSeq: number;
}

/**
 * The rooms that the caller may see, each with how much of it has not been read here. Where the server tells no rooms, those that were joined here.
 */
export class RoomList {
  readonly #list = h("ul", { class: "room-list" });
  #entries: readonly Entry[] = [];
  #open = "";

  /** Shows itself in `aside`, and looks anew from time to time while the page can be seen. */
  constructor(aside: HTMLElement) {
    const name = h("input", { name: "room", maxlength: 128, autocomplete: "off", required: true, placeholder: "Room name" });
    const join = (event: Event) => {
      event.preventDefault();
      location.hash = roomAddress(name.value.trim());
      name.value = "";
    };
    const form = h("form", { class: "join", onsubmit: join }, h("label", {}, "Join or create a room", name), h("button", {}, "Join"));
    fill(aside, h("h2", {}, "Rooms"), this.#list, form);
    setInterval(() => this.refresh(), REFRESH_MS);
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  /** Says which room is shown; empty: none. It is joined by that. */
  open(room: string): void {
    this.#open = room;
    if (room !== "") remember("joined", [...new Set([...this.#joined(), room])].slice(-100));
    this.#show();
    this.refresh();
  }

  /** The room that was open last. */
  get last(): string {
    return this.#joined().at(-1) ?? HOME;
  }

  /** Says that everything up to `seq` has been seen. */
  read(room: string, seq: number): void {
    if (document.hidden || seq <= this.#seen(room)) return;
    remember("read", { ...recall<Readonly<Record<string, number>>>("read", {}), [room]: seq });
    this.#show();
  }

  /** Asks the server. */
  async refresh(): Promise<void> {
    if (document.hidden) return;
    try {
      this.#entries = await this.#found();
      this.#show();
    } catch {
      // The connection's state is told elsewhere; the list stays as it was.
    }
  }

  async #found(): Promise<readonly Entry[]> {
    const joined = this.#joined();
    try {
      const { rooms } = await ask<{ readonly rooms: readonly Room[] }>("/v1/rooms", { query: { limit: PAGE } });
      const told = rooms.map(({ room, title, head_seq }) => ({ room, title, headSeq: head_seq }));
      const names = new Set(told.map(({ room }) => room));
      return [...told, ...joined.filter((room) => !names.has(room)).map((room) => ({ room, title: "", headSeq: 0 }))];
    } catch (error) {
      if (!(error instanceof ApiError && error.isMissing)) throw error;
      return await Promise.all(joined.map((room) => this.#head(room)));
    }
  }

  async #head(room: string): Promise<Entry> {
    const page = await ask<MessagePage>("/v1/messages", { query: { room, limit: 1, order: "newest" } }).catch(() => undefined);
    return { room, title: "", headSeq: page?.head_seq ?? 0 };
  }

  #joined(): readonly string[] {
    return recall<readonly string[]>("joined", [HOME]);
  }

  #seen(room: string): number {
    return recall<Readonly<Record<string, number>>>("read", {})[room] ?? 0;
  }

  #show(): void {
    const known = this.#entries.some(({ room }) => room === this.#open) || this.#open === ""
      ? this.#entries
      : [...this.#entries, { room: this.#open, title: "", headSeq: 0 }];
    const focused = document.activeElement?.getAttribute("href");
    fill(this.#list, ...known.toSorted((a, b) => a.room < b.room ? -1 : 1).map((entry) => this.#item(entry)));
    if (focused != null) this.#list.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  #item({ room, title, headSeq }: Entry): HTMLElement {
    const unread = room === this.#open ? 0 : headSeq - this.#seen(room);
    const label = unread <= 0
      ? ""
      : h("span", { class: "unread" }, unread > 99 ? "99+" : String(unread), h("span", { class: "unseen" }, " unread"));
    const address = { href: roomAddress(room), "aria-current": room === this.#open ? "page" : undefined };
    return h("li", {}, h("a", address, h("span", { class: "name" }, title || room), label));
  }
}
