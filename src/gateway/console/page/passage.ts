import { ask, sentenceOf } from "./api.ts";
import { fill, h, marked, notice, type Range } from "./dom.ts";
import type { Message } from "./types.ts";

/** A stretch of a document; offsets are UTF-16 code units into its content. */
export interface DocumentPlace extends Range {
  readonly documentId: string;
  readonly collection: string;
}

/** `chat.DocumentResponse`, as far as it is shown. */
interface Document {
  readonly document_id: string;
  readonly content: string;
  readonly title: string;
  readonly media_type: string;
}

/** Opens a document with the passage marked and in sight. */
export function openPassage({ documentId, collection, ...range }: DocumentPlace): Promise<void> {
  return openDialog(documentId, async () => {
    const path = `/v1/documents/${encodeURIComponent(documentId)}`;
    const document = await ask<Document>(path, { query: { collection } });
    return { title: document.title || documentId, text: marked(document.content, [range]) };
  });
}

/** Opens a message with a stretch of it marked. */
export function openMessage(room: string, id: number, range: Range): Promise<void> {
  return openDialog(`Message ${id} in ${room}`, async () => {
    const message = await ask<Message>(`/v1/messages/${id}`, { query: { room } });
    return { title: `${message.username} in ${room}`, text: marked(message.content, [range]) };
  });
}

async function openDialog(name: string, load: () => Promise<{ readonly title: string; readonly text: Node }>): Promise<void> {
  const heading = h("h2", { id: "passage-title" }, name);
  const text = h("div", { class: "content document", tabindex: 0, role: "region", "aria-labelledby": "passage-title" }, "Opening");
  const dialog = h(
    "dialog",
    { class: "passage", "aria-labelledby": "passage-title", onclose: () => dialog.remove() },
    h("header", { class: "row" }, heading, h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Close")),
    text,
  );
  // Whoever goes back in the history leaves what was opened too.
  addEventListener("hashchange", () => dialog.close(), { once: true });
  document.body.append(dialog);
  dialog.showModal();
  try {
    const loaded = await load();
    heading.textContent = loaded.title;
    fill(text, loaded.text);
    text.querySelector("mark")?.scrollIntoView({ block: "center" });
  } catch (error) {
    fill(text, notice(sentenceOf(error), "error"));
  }
}
