/**
 * Reads documents of formats that a stranger can make arbitrarily costly, in a thread that can be ended.
 *
 * @module
 */
import { ChatError } from "../../core/errors.ts";
import { htmlToText } from "./html.ts";
import { markdownToText } from "./markdown.ts";
import { pdfToText } from "./pdf.ts";

/** What the worker is asked. */
export type WorkerJob =
  | { readonly format: "html" | "markdown"; readonly text: string }
  | { readonly format: "pdf"; readonly bytes: Uint8Array };

/** What it answers: the text, a refusal, or how it failed. */
export type WorkerAnswer =
  | { readonly text: string; readonly title: string }
  | { readonly refusal: string }
  | { readonly failure: string };

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerJob>) => void;
  postMessage(answer: WorkerAnswer): void;
};

thread.onmessage = async ({ data }) => thread.postMessage(await answer(data));

async function answer(job: WorkerJob): Promise<WorkerAnswer> {
  try {
    switch (job.format) {
      case "html":
        return htmlToText(job.text);
      case "markdown":
        return markdownToText(job.text);
      case "pdf":
        return await pdfToText(job.bytes);
    }
  } catch (error) {
    if (error instanceof ChatError) return { refusal: error.message };
    if (error instanceof RangeError) return { refusal: "The document is nested too deeply or too large to be read" };
    return { failure: error instanceof Error ? error.stack ?? error.message : String(error) };
  }
}
