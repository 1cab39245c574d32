import type { Citation, GenerationPart, GenerationPartNews, GenerationUsage, Passage } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { ToolResult } from "./tools/tool.ts";

/** The longest answer, whatever the provider sends. */
const MAX_ANSWER_UNITS = 1_048_576;

/** Numbers the parts of one answer and keeps count of its text. */
export class AnswerWriter {
  readonly #requestId: string;
  readonly #emit: (part: GenerationPart) => void;
  #seq = 0;
  #length = 0;

  /** `emit` is handed each part, in order. */
  constructor(requestId: string, emit: (part: GenerationPart) => void) {
    this.#requestId = requestId;
    this.#emit = emit;
  }

  /** Where the next text begins, in UTF-16 code units. */
  get length(): number {
    return this.#length;
  }

  /** What the answer is grounded on. */
  retrieval(passages: readonly Passage[], notices: readonly string[]): void {
    this.#part({ kind: "retrieval", passages, notices });
  }

  /** More of the answer. Throws `resource_exhausted` when it grows out of bounds. */
  text(content: string): void {
    if (content === "") return;
    const start = this.#length;
    if (start + content.length > MAX_ANSWER_UNITS) {
      throw new ChatError("resource_exhausted", `The answer is longer than ${MAX_ANSWER_UNITS} characters`);
    }
    this.#length += content.length;
    this.#part({ kind: "text", start }, content);
  }

  /** A mark, after the text that has it. */
  citation(citation: Citation): void {
    this.#part({ kind: "citation", citation });
  }

  /** What the model has had done. */
  tool(result: ToolResult): void {
    this.#part({ kind: "tool", ...result });
  }

  /** What it cost. */
  usage(usage: GenerationUsage): void {
    this.#part({ kind: "usage", usage });
  }

  /** The end of an answer that is complete. */
  done(
    end: { readonly model: string; readonly finishReason: string; readonly confidence: number; readonly droppedCitations: number },
  ): void {
    this.#part({ kind: "done", ...end });
  }

  /** The end of an answer that failed. */
  error(error: { readonly code: string; readonly message: string }): void {
    this.#part({ kind: "error", code: error.code.toUpperCase(), message: error.message });
  }

  #part(news: GenerationPartNews, content = ""): void {
    this.#emit({ content, isComplete: news.kind === "done", seq: ++this.#seq, requestId: this.#requestId, ...news });
  }
}
