import { announce, fill, h, notice } from "./dom.ts";
import { openMessage, openPassage } from "./passage.ts";

/** A part of an answer that grows, as far as it is shown. */
export type AnswerPart =
  & { readonly content: string }
  & (
    | { readonly kind: "retrieval"; readonly passages: readonly Passage[]; readonly notices: readonly string[] }
    | { readonly kind: "text" | "usage" }
    | { readonly kind: "citation"; readonly citation: Citation }
    | { readonly kind: "tool"; readonly tool: string; readonly error: string }
    | { readonly kind: "done"; readonly model: string; readonly finish_reason: string; readonly confidence: number }
  );

type Done = Extract<AnswerPart, { readonly kind: "done" }>;

interface Passage {
  readonly number: number;
  readonly document?: {
    readonly collection: string;
    readonly document_id: string;
    readonly title: string;
    readonly start: number;
    readonly end: number;
  };
  readonly message?: { readonly room: string; readonly id: number; readonly username: string };
}

interface Citation {
  readonly number: number;
  readonly text_start: number;
  readonly text_end: number;
  readonly source_start: number;
  readonly source_end: number;
}

/** An answer as far as it has come. */
export class Answer {
  readonly element = h("div", { class: "answer" });
  readonly #text = h("div", { class: "content" }, "…");
  readonly #notes = h("div", {});
  readonly #sources = h("ol", { class: "sources", "aria-label": "Sources" });
  readonly #passages = new Map<number, Passage>();
  #citations: readonly Citation[] = [];
  #content = "";
  #isDone = false;

  constructor() {
    this.element.append(this.#text, this.#notes, this.#sources);
  }

  /** Takes the next part in. */
  take(part: AnswerPart): void {
    this.#content += part.content;
    if (part.kind === "retrieval") {
      for (const passage of part.passages) this.#passages.set(passage.number, passage);
      this.#notes.append(...part.notices.map((text) => notice(text)));
    } else if (part.kind === "citation") this.#citations = [...this.#citations, part.citation];
    else if (part.kind === "tool") this.#notes.append(notice(`Called ${part.tool}${part.error === "" ? "" : `: ${part.error}`}`));
    else if (part.kind === "done") this.#done(part);
    this.#show();
  }

  /** Says that no part comes any more. */
  end(): void {
    if (!this.#isDone) this.#notes.append(notice("The answer broke off.", "error"));
  }

  #done({ model, finish_reason, confidence }: Done): void {
    this.#isDone = true;
    announce(`Answer: ${this.#content.slice(0, 500)}`);
    const reasons: Readonly<Record<string, string>> = { length: ", cut at its longest", no_answer: ", found no answer in its sources" };
    const sure = confidence > 0 ? `, ${Math.round(confidence * 100)} % sure` : "";
    this.#notes.append(h("p", { class: "quiet" }, `By ${model}${sure}${reasons[finish_reason] ?? ""}`));
  }

  #show(): void {
    const text = document.createDocumentFragment();
    let at = 0;
    for (const citation of [...this.#citations].sort((a, b) => a.text_start - b.text_start)) {
      if (citation.text_start < at) continue;
      text.append(this.#content.slice(at, citation.text_start), this.#mark(citation));
      at = citation.text_end;
    }
    text.append(this.#content.slice(at));
    fill(this.#text, text);
    fill(this.#sources, ...this.#passages.values().map((passage) => this.#source(passage)));
  }

  #mark(citation: Citation): HTMLElement {
    const { number, source_start: start, source_end: end } = citation;
    const label = `Source ${number}: ${nameOf(this.#passages.get(number))}`;
    const onclick = () => open(this.#passages.get(number), { start, end });
    return h("button", { type: "button", class: "citation", "aria-label": label, title: label, onclick }, `[${number}]`);
  }

  #source(passage: Passage): HTMLElement {
    const { document } = passage;
    const range = document === undefined ? { start: 0, end: 0 } : document;
    const onclick = () => open(passage, range);
    return h("li", { value: passage.number }, h("button", { type: "button", class: "link", onclick }, nameOf(passage)));
  }
}

function nameOf(passage: Passage | undefined): string {
  if (passage?.document !== undefined) return passage.document.title || passage.document.document_id;
  if (passage?.message !== undefined) return `${passage.message.username} in ${passage.message.room}`;
  return "given with the question";
}

function open(passage: Passage | undefined, range: { readonly start: number; readonly end: number }): void {
  if (passage?.document !== undefined) {
    openPassage({ documentId: passage.document.document_id, collection: passage.document.collection, ...range });
  } else if (passage?.message !== undefined) openMessage(passage.message.room, passage.message.id, range);
}
