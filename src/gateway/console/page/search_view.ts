import { ApiError, ask, sentenceOf } from "./api.ts";
import { fill, h, marked, notice, type Range, time } from "./dom.ts";
import { openPassage } from "./passage.ts";
import { roomAddress } from "./room_list.ts";
import type { MessagePage } from "./types.ts";
import type { View } from "./view.ts";

/** `chat.SearchResponse`, as far as it is shown. */
interface Found {
  readonly results: readonly FoundPassage[];
  readonly corrections?: readonly { readonly word: string; readonly corrected: string }[];
  readonly notices?: readonly string[];
}

interface FoundPassage extends Range {
  readonly document_id: string;
  readonly content: string;
  readonly title: string;
  readonly heading: string;
  readonly highlights: readonly Range[];
}

const SHOWN = 20;

/** Searches a room's messages and the documents, and marks what was found. */
export const searchView: View = {
  title: "Search",
  open(main, page, parameter, signal) {
    const field = h("input", { type: "search", name: "q", required: true, autocomplete: "off", placeholder: "Words, or a “phrase”" });
    const room = h("input", { name: "room", maxlength: 128, required: true });
    field.value = parameter;
    room.value = page.rooms.last;
    const messages = h("section", { "aria-label": "Messages found", hidden: true });
    const documents = h("section", { "aria-label": "Documents found", hidden: true });
    const search = (event?: Event) => {
      event?.preventDefault();
      const query = field.value.trim();
      if (query === "" || room.value.trim() === "") return;
      history.replaceState(null, "", `#/search/${encodeURIComponent(query)}`);
      show(messages, `Messages in ${room.value.trim()}`, () => messagesFor(query, room.value.trim(), signal));
      show(documents, "Documents", () => documentsFor(query, signal));
    };
    const form = h(
      "form",
      { class: "row search", role: "search", onsubmit: search },
      h("label", { class: "grow" }, "Search for", field),
      h("label", {}, "In room", room),
      h("button", {}, "Search"),
    );
    main.append(h("div", { class: "view" }, h("h1", {}, "Search"), form, messages, documents));
    field.focus();
    search();
  },
};

async function show(section: HTMLElement, title: string, work: () => Promise<readonly HTMLElement[]>): Promise<void> {
  section.hidden = false;
  section.setAttribute("aria-busy", "true");
  const heading = h("h2", {}, title);
  fill(section, heading, h("p", { class: "quiet" }, "Searching"));
  try {
    fill(section, heading, ...await work());
  } catch (error) {
    const isMissing = error instanceof ApiError && error.isMissing;
    fill(section, heading, isMissing ? notice("This server does not offer them over HTTP yet.") : notice(sentenceOf(error), "error"));
  }
  section.removeAttribute("aria-busy");
}

async function messagesFor(search: string, room: string, signal: AbortSignal): Promise<readonly HTMLElement[]> {
  const query = { search, room, limit: SHOWN, order: "newest" };
  const { messages, total_count } = await ask<MessagePage>("/v1/messages", { query, signal });
  const items = messages.map(({ username, content, created_at_ms }) =>
    h(
      "li",
      { class: "card" },
      h("div", { class: "byline" }, h("span", { class: "author" }, username), time(created_at_ms)),
      h("div", { class: "content" }, marked(content, wordsIn(content, search))),
    )
  );
  const to = h("a", { href: roomAddress(room) }, "Open the room");
  return [count(total_count, "message"), h("ul", { class: "cards" }, ...items), h("p", {}, to)];
}

async function documentsFor(query: string, signal: AbortSignal): Promise<readonly HTMLElement[]> {
  const found = await ask<Found>("/v1/documents/search", { method: "POST", body: { query, top_k: SHOWN }, signal });
  const items = found.results.map((result) => {
    const open = () => openPassage({ documentId: result.document_id, collection: "", ...result });
    const highlights = result.highlights.map(({ start, end }) => ({ start: start - result.start, end: end - result.start }));
    return h(
      "li",
      { class: "card" },
      h("h3", {}, h("button", { type: "button", class: "link", onclick: open }, result.title || result.document_id)),
      result.heading === "" ? undefined : h("p", { class: "quiet" }, result.heading),
      h("p", { class: "content" }, marked(result.content, highlights)),
    );
  });
  const corrections = found.corrections?.map(({ word, corrected }) => notice(`Nothing has “${word}”, so this is for “${corrected}”.`)) ??
    [];
  const notices = found.notices?.map((text) => notice(text)) ?? [];
  return [count(items.length, "passage"), ...corrections, ...notices, h("ul", { class: "cards" }, ...items)];
}

function count(found: number, what: string): HTMLElement {
  return h("p", { class: "quiet", role: "status" }, found === 0 ? `No ${what} found` : `${found} ${what}${found === 1 ? "" : "s"} found`);
}

/** Where the query's words stand. The server matches words whole and without case, so the page marks the same. */
function wordsIn(content: string, query: string): readonly Range[] {
  const words = query.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  const wanted = new Set(words.map((word) => word.toLowerCase()));
  return [...content.matchAll(/[\p{L}\p{N}\p{M}]+/gu)]
    .filter(([word]) => wanted.has(word.toLowerCase()))
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}
