import { ask, sentenceOf } from "./api.ts";
import { fill, h, linked, notice, time } from "./dom.ts";
import type { Message, Mood } from "./types.ts";

/** What a message's entry shows besides the message. */
export interface ItemOptions {
  /** Whether who uses the page may change it. */
  readonly isOwn: boolean;
  readonly mood: Mood | undefined;
}

/** A message's entry in the log. */
export function messageItem(message: Message, { isOwn, mood }: ItemOptions): HTMLLIElement {
  const body = h("div", { class: "content" }, linked(message.content));
  const item = h("li", { class: isOwn ? "message own" : "message", "data-id": message.id });
  const actions = isOwn ? actionsOf(message, body) : undefined;
  item.append(
    h(
      "div",
      { class: "byline" },
      h("span", { class: "author" }, message.username),
      time(message.created_at_ms),
      message.version > 1 ? h("span", { class: "quiet" }, "edited") : "",
      mood === undefined || mood.sentiment === "neutral" ? "" : h("span", { class: `mood ${mood.sentiment}` }, mood.sentiment),
      ...changes(message),
      actions ?? "",
    ),
    body,
  );
  return item;
}

/** What plugins have made of it, in their own words. */
function changes({ decisions = [] }: Message): readonly HTMLElement[] {
  return decisions.filter(({ decision }) => decision === "rewrite")
    .map(({ plugin, reason }) => h("span", { class: "quiet" }, `changed by ${plugin}${reason === "" ? "" : `: ${reason}`}`));
}

function actionsOf(message: Message, body: HTMLElement): HTMLElement {
  const about = `the message “${message.content.slice(0, 40)}”`;
  return h(
    "span",
    { class: "actions" },
    h("button", { type: "button", class: "link", "aria-label": `Edit ${about}`, onclick: () => edit(message, body) }, "Edit"),
    h("button", { type: "button", class: "link", "aria-label": `Delete ${about}`, onclick: () => remove(message, body) }, "Delete"),
  );
}

function edit(message: Message, body: HTMLElement): void {
  const text = h("textarea", { "aria-label": "New text", rows: 2 });
  text.value = message.content;
  const close = () => fill(body, linked(message.content));
  const save = async () => {
    if (text.value.trim() === "" || text.value === message.content) return close();
    await act(body, { method: "PATCH", body: { content: text.value, if_version: message.version } }, message);
  };
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    save();
  });
  const buttons = h(
    "div",
    { class: "row" },
    h("button", { type: "button", onclick: save }, "Save"),
    h("button", { type: "button", class: "plain", onclick: close }, "Cancel"),
  );
  fill(body, text, buttons);
  text.focus();
}

/** Asks back in its own place, so that the keyboard stays where it is. */
function remove(message: Message, body: HTMLElement): void {
  const confirm = h("button", { type: "button", class: "danger", onclick: () => act(body, { method: "DELETE" }, message) }, "Delete");
  const cancel = h("button", { type: "button", class: "plain", onclick: () => fill(body, linked(message.content)) }, "Keep");
  fill(body, linked(message.content), h("div", { class: "row" }, confirm, cancel));
  confirm.focus();
}

/** The entry itself changes when the room's log tells of it. */
async function act(body: HTMLElement, request: { readonly method: string; readonly body?: unknown }, message: Message): Promise<void> {
  try {
    await ask(`/v1/messages/${message.id}`, { ...request, query: { room: message.room } });
    document.getElementById("draft")?.focus();
  } catch (error) {
    body.append(notice(sentenceOf(error), "error"));
  }
}
