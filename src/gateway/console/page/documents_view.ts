import { ApiError, ask, sentenceOf } from "./api.ts";
import { fill, h, notice, time } from "./dom.ts";
import { openPassage } from "./passage.ts";
import { mediaTypeOf, upload } from "./upload.ts";
import type { View } from "./view.ts";

/** `chat.ListDocumentsResponse`, as far as it is shown. */
interface DocumentPage {
  readonly documents: readonly ListedDocument[];
  readonly has_more: boolean;
  readonly total_count: number;
}

interface ListedDocument {
  readonly document_id: string;
  readonly title: string;
  readonly chunk_count: number;
  readonly updated_at_ms: number;
}

/** Documents: dropped or chosen files are indexed, each with its progress; what is there can be read and deleted. */
export const documentsView: View = {
  title: "Documents",
  open(main, _page, _parameter, signal) {
    const list = new DocumentList(signal);
    const uploads = h("ul", { class: "uploads", "aria-label": "Uploads" });
    const take = async (files: readonly File[]) => {
      // One after the other: the server indexes one as quickly as it can.
      for (const item of files.map((file) => ({ file, row: uploadRow(uploads, file) }))) {
        await item.row.run(signal);
        await list.reload();
      }
    };
    const file = h("input", {
      type: "file",
      multiple: true,
      accept: ".txt,.md,.markdown,.html,.htm,.pdf,text/plain,text/markdown,text/html,application/pdf",
    });
    file.addEventListener("change", () => {
      take([...file.files ?? []]);
      file.value = "";
    });
    const zone = h(
      "div",
      { class: "drop" },
      h("label", { class: "choose" }, "Choose files, or drop them here", file),
      h("p", { class: "quiet" }, "Text, Markdown, HTML and PDF"),
    );
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      take([...event.dataTransfer?.files ?? []]);
    });
    main.append(h("div", { class: "view" }, h("h1", {}, "Documents"), zone, uploads, list.element));
    list.reload();
  },
};

function uploadRow(uploads: HTMLElement, file: File) {
  const progress = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
  const state = h("span", { class: "quiet", role: "status" }, "Waiting");
  uploads.prepend(h("li", { class: "row" }, h("span", { class: "grow" }, file.name), progress, state));
  const run = async (signal: AbortSignal) => {
    try {
      if (mediaTypeOf(file) === undefined) throw new Error("Only text, Markdown, HTML and PDF can be indexed");
      const { chunks_indexed, unchanged } = await upload(file, signal, (sent) => {
        if (sent < 1) progress.value = sent;
        // From here on nobody knows how long it takes.
        else progress.removeAttribute("value");
        state.textContent = sent < 1 ? `${Math.round(sent * 100)} %` : "Indexing";
      });
      progress.value = 1;
      state.textContent = unchanged ? "Was here already" : `Indexed, ${chunks_indexed} ${chunks_indexed === 1 ? "passage" : "passages"}`;
    } catch (error) {
      progress.value = 0;
      state.textContent = `Not indexed: ${sentenceOf(error)}`;
    }
  };
  return { run };
}

class DocumentList {
  readonly element = h("section", { "aria-label": "Documents of this server" });
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Shows the first page anew. */
  async reload(): Promise<void> {
    try {
      const page = await this.#page("");
      const list = h("ul", { class: "cards" });
      const count = page.total_count === 0
        ? "No documents yet"
        : `${page.total_count} ${page.total_count === 1 ? "document" : "documents"}`;
      fill(this.element, h("p", { class: "quiet" }, count), list);
      this.#add(list, page);
    } catch (error) {
      if (this.#signal.aborted) return;
      const isMissing = error instanceof ApiError && error.isMissing;
      fill(this.element, isMissing ? notice("This server does not offer documents over HTTP yet.") : notice(sentenceOf(error), "error"));
    }
  }

  #page(after: string): Promise<DocumentPage> {
    return ask("/v1/documents", { query: { limit: 50, after_document_id: after }, signal: this.#signal });
  }

  #add(list: HTMLElement, { documents, has_more }: DocumentPage): void {
    list.append(...documents.map((document) => this.#item(document)));
    if (!has_more) return;
    const more = h("button", { type: "button", class: "plain more" }, "More");
    more.addEventListener("click", async () => {
      more.disabled = true;
      const page = await this.#page(documents.at(-1)?.document_id ?? "").catch((error) =>
        void list.after(notice(sentenceOf(error), "error"))
      );
      more.remove();
      if (page !== undefined) this.#add(list, page);
    });
    list.after(more);
  }

  #item({ document_id, title, chunk_count, updated_at_ms }: ListedDocument): HTMLElement {
    const name = title || document_id;
    const read = () => openPassage({ documentId: document_id, collection: "", start: 0, end: 0 });
    const remove = async () => {
      try {
        await ask(`/v1/documents/${encodeURIComponent(document_id)}`, { method: "DELETE" });
        await this.reload();
      } catch (error) {
        item.append(notice(sentenceOf(error), "error"));
      }
    };
    const item = h(
      "li",
      { class: "card row" },
      h("span", { class: "grow" }, h("button", { type: "button", class: "link", onclick: read }, name)),
      h("span", { class: "quiet" }, `${chunk_count} ${chunk_count === 1 ? "passage" : "passages"}, `, time(updated_at_ms)),
      h("button", { type: "button", class: "plain", "aria-label": `Delete ${name}`, onclick: remove }, "Delete"),
    );
    return item;
  }
}
