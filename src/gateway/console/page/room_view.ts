import { sentenceOf } from "./api.ts";
import { announce, h, notice } from "./dom.ts";
import { composer } from "./composer.ts";
import { Company } from "./company.ts";
import { follow, pause } from "./live.ts";
import { MessageList } from "./message_list.ts";
import { Moods } from "./moods.ts";
import { Outbox } from "./outbox.ts";
import { RoomLog } from "./room_log.ts";
import type { Message } from "./types.ts";
import type { Page, View } from "./view.ts";

/** A room: its messages, live, and the field to write in. */
export const roomView: View = {
  title: "Rooms",
  open(main, page, room, signal) {
    new OpenRoom(main, page, room, signal).start();
  },
};

const READ_AGAIN_MS = 3_000;
/** People that are called by name. */
const MOST_NAMED = 5;

class OpenRoom {
  readonly #page: Page;
  readonly #signal: AbortSignal;
  readonly #log: RoomLog;
  readonly #list: MessageList;
  readonly #outbox: Outbox;
  readonly #problems = h("div", {});
  readonly #company: Company;
  readonly #people = h("p", { class: "quiet people" });
  readonly #typists = h("p", { class: "quiet typists" });
  /** The position of the newest event seen; undefined: the room has not been read yet. */
  #head: number | undefined;
  #isReading = false;

  constructor(main: HTMLElement, page: Page, room: string, signal: AbortSignal) {
    this.#page = page;
    this.#signal = signal;
    this.#log = new RoomLog(room);
    this.#outbox = new Outbox(room, signal, {
      changed: () => this.#show(),
      sent: (message) => this.#log.apply(message),
      answered: ({ username, content }) => announce(`${username}: ${content.slice(0, 200)}`),
    });
    this.#company = new Company(room, () => page.identity.name, () => this.#showCompany());
    const moods = new Moods(() => this.#show());
    this.#list = new MessageList({
      owns: (author) => page.identity.owns(author),
      moodOf: (message) => moods.of(message),
      drop: (id) => this.#outbox.drop(id),
      reachedStart: () => this.#read(() => this.#log.earlier(), () => this.#log.hasEarlier),
      reachedEnd: () => this.#read(() => this.#log.later(), () => this.#log.hasLater),
      newest: () => this.#read(() => this.#toNewest()),
    });
    const back = h("a", { href: "#/rooms", class: "back" }, "All rooms");
    const header = h("header", { class: "view-head" }, back, h("h1", {}, room), this.#people);
    const write = composer(page.identity, (content) => {
      this.#company.types(false);
      this.#outbox.send(content, page.identity.name);
      this.#list.stayAtEnd();
      if (this.#log.hasLater) this.#read(() => this.#toNewest());
      this.#show();
    });
    write.addEventListener("input", () => this.#company.types(true));
    main.append(h("div", { class: "room" }, header, this.#problems, this.#list.element, this.#typists, write));
  }

  async start(): Promise<void> {
    this.#company.stay(this.#signal);
    while (!this.#signal.aborted) {
      await this.#read(() => this.#toNewest());
      if (this.#head === undefined) {
        this.#page.connection({ kind: "lost", why: "The room cannot be read" });
        await pause(READ_AGAIN_MS, this.#signal);
        continue;
      }
      let isGap = false;
      await follow(this.#log.room, this.#head, {
        event: (message) => this.#arrived(message),
        state: (state) => this.#page.connection(state),
        gap: () => isGap = true,
      }, this.#signal);
      if (!isGap) return;
      this.#head = undefined;
    }
  }

  #arrived(message: Message): void {
    this.#head = message.seq;
    this.#log.apply(message);
    this.#outbox.arrived(message);
    this.#page.rooms.read(this.#log.room, message.seq);
    if (message.event_type === "created" && message.username !== this.#page.identity.name) {
      announce(`${message.username}: ${message.content.slice(0, 200)}`);
    }
    this.#show();
  }

  async #toNewest(): Promise<void> {
    const head = await this.#log.newest();
    // What is followed already goes on from where it stands: the log takes what it has for known.
    this.#head ??= head;
    this.#page.rooms.read(this.#log.room, head);
    this.#list.stayAtEnd();
  }

  /** Reads a page, one at a time. */
  async #read(work: () => Promise<void>, isWanted = () => true): Promise<void> {
    if (this.#isReading || !isWanted()) return;
    this.#isReading = true;
    try {
      await work();
      this.#problems.replaceChildren();
    } catch (error) {
      this.#problems.replaceChildren(notice(sentenceOf(error), "error"));
    }
    this.#isReading = false;
    this.#show();
  }

  #showCompany(): void {
    const { people, typists } = this.#company;
    this.#people.textContent = people.length === 0
      ? ""
      : `Here: ${people.slice(0, MOST_NAMED).join(", ")}${people.length > MOST_NAMED ? " and others" : ""}`;
    this.#typists.textContent = typists.length === 0
      ? ""
      : `${typists.slice(0, MOST_NAMED).join(", ")} ${typists.length === 1 ? "is" : "are"} typing`;
  }

  #show(): void {
    if (!this.#signal.aborted) this.#list.show(this.#log, this.#outbox.drafts);
  }
}
