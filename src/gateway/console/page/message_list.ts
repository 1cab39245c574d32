import { fill, h, linked } from "./dom.ts";
import { messageItem } from "./message_item.ts";
import type { Draft } from "./outbox.ts";
import type { RoomLog } from "./room_log.ts";
import type { Message, Mood } from "./types.ts";

/** What the list asks and tells. */
export interface MessageListOptions {
  owns(author: string): boolean;
  moodOf(message: Message): Mood | undefined;
  /** A draft that was refused is given up. */
  drop(draftId: string): void;
  reachedStart(): void;
  reachedEnd(): void;
  newest(): void;
}

/** So close to an end, in pixels, counts as there. */
const NEAR = 80;

/** A room's messages, oldest first, in a box that scrolls. An entry is made anew only when what it shows has changed. */
export class MessageList {
  readonly element: HTMLElement;
  readonly #options: MessageListOptions;
  readonly #items = new Map<number, { readonly looks: string; readonly item: HTMLElement }>();
  readonly #entries = h("ol", { class: "entries" });
  readonly #drafts = h("ul", { class: "drafts", "aria-label": "Not sent yet" });
  readonly #empty = h("p", { class: "quiet empty" }, "Nothing has been said here yet.");
  readonly #box: HTMLElement;
  readonly #earlier: HTMLElement;
  readonly #newest: HTMLElement;
  #isAtEnd = true;

  constructor(options: MessageListOptions) {
    this.#options = options;
    this.#earlier = h("button", { type: "button", class: "plain more", onclick: options.reachedStart }, "Earlier messages");
    this.#newest = h("button", { type: "button", class: "to-newest", onclick: () => this.#goToEnd() }, "Newest messages");
    this.#box = h(
      "div",
      { class: "log", tabindex: 0, role: "region", "aria-label": "Messages", onscroll: () => this.#scrolled() },
      this.#earlier,
      this.#empty,
      this.#entries,
      this.#drafts,
    );
    this.element = h("div", { class: "log-frame" }, this.#box, this.#newest);
    this.#newest.hidden = true;
    this.#empty.hidden = true;
  }

  /** From now on the newest entry is kept in sight. */
  stayAtEnd(): void {
    this.#isAtEnd = true;
  }

  /** Shows these messages, and leaves what is being read where it is. */
  show(log: RoomLog, drafts: readonly Draft[]): void {
    const anchor = this.#firstInSight();
    const above = anchor === undefined ? 0 : anchor.offsetTop - this.#box.scrollTop;
    const shown = new Set(log.messages.map(({ id }) => id));
    for (const [id, { item }] of this.#items) {
      if (shown.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    let place: Element | null = this.#entries.firstElementChild;
    for (const message of log.messages) {
      const before = this.#items.get(message.id)?.item;
      const item = this.#item(message);
      // An entry that was made anew has taken the place of the one before.
      if (before === place && before !== undefined) place = item;
      if (item === place) place = place.nextElementSibling;
      else this.#entries.insertBefore(item, place);
    }
    fill(this.#drafts, ...drafts.map((draft) => this.#draft(draft)));
    this.#earlier.hidden = !log.hasEarlier;
    this.#empty.hidden = log.messages.length + drafts.length > 0;
    this.#settle(log.hasLater, anchor, above);
  }

  #settle(hasLater: boolean, anchor: HTMLElement | undefined, above: number): void {
    if (this.#isAtEnd && !hasLater) this.#box.scrollTop = this.#box.scrollHeight;
    else if (anchor?.isConnected) this.#box.scrollTop = anchor.offsetTop - above;
    this.#newest.hidden = this.#isAtEnd && !hasLater;
  }

  #item(message: Message): HTMLElement {
    const mood = this.#options.moodOf(message);
    const isOwn = this.#options.owns(message.username);
    const looks = `${message.version} ${mood?.sentiment} ${isOwn}`;
    const before = this.#items.get(message.id);
    const isBusy = before?.item.querySelector("textarea, .danger") != null && before.looks.split(" ")[0] === String(message.version);
    if (before !== undefined && (before.looks === looks || isBusy)) return before.item;
    const item = messageItem(message, { isOwn, mood });
    before?.item.replaceWith(item);
    this.#items.set(message.id, { looks, item });
    return item;
  }

  #draft(draft: Draft): HTMLElement {
    const { id, content, isRefused, answer } = draft;
    const isOver = isRefused || answer !== undefined;
    const drop = isOver ? h("button", { type: "button", class: "link", onclick: () => this.#options.drop(id) }, "Remove") : undefined;
    return h(
      "li",
      { class: answer === undefined ? "message own draft" : "message draft" },
      h("div", { class: "byline" }, h("span", {}, stateOf(draft)), drop),
      h("div", { class: answer === undefined ? "content" : "content quiet" }, content),
      answer === undefined ? undefined : h("div", { class: "content" }, linked(answer.content === "" ? "Done" : answer.content)),
    );
  }

  #firstInSight(): HTMLElement | undefined {
    const top = this.#box.scrollTop;
    for (const entry of this.#entries.children as HTMLCollectionOf<HTMLElement>) {
      if (entry.offsetTop + entry.offsetHeight > top) return entry;
    }
    return undefined;
  }

  #goToEnd(): void {
    this.#isAtEnd = true;
    this.#box.focus();
    this.#options.newest();
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#isAtEnd) this.#options.reachedEnd();
    this.#newest.hidden = this.#isAtEnd;
    if (scrollTop < NEAR && scrollHeight > clientHeight) this.#options.reachedStart();
  }
}

function stateOf({ problem, isRefused, answer }: Draft): string {
  if (answer !== undefined) return `${answer.username} answers you alone`;
  if (problem === "") return "Sending";
  return isRefused ? `Not sent: ${problem}` : `Waiting: ${problem}`;
}
