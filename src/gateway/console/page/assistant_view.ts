import { ApiError, send, sentenceOf } from "./api.ts";
import { Answer } from "./answer.ts";
import { fill, h, notice } from "./dom.ts";
import { serverEvents } from "./sse.ts";
import type { View } from "./view.ts";

const IDLE_MS = 120_000;

/** Asks the assistant; the answer grows as it comes, and its citations open what they stand for. */
export const assistantView: View = {
  title: "Assistant",
  open(main, page, _parameter, signal) {
    const question = h("textarea", { name: "question", rows: 2, required: true, placeholder: "What do you want to know?" });
    const ground = h(
      "select",
      { name: "ground" },
      h("option", { value: "documents" }, "the documents"),
      h("option", { value: "room" }, `the room ${page.rooms.last}`),
      h("option", { value: "" }, "nothing"),
    );
    const answers = h("div", { class: "answers" });
    const stop = h("button", { type: "button", class: "plain", hidden: true }, "Stop");
    const submit = h("button", {}, "Ask");
    const sources = { documents: { collection: "default" }, room: { room: page.rooms.last } };
    const onsubmit = async (event: Event) => {
      event.preventDefault();
      const prompt = question.value.trim();
      if (prompt === "" || !stop.hidden) return;
      const stopping = new AbortController();
      stop.onclick = () => stopping.abort();
      stop.hidden = false;
      const request = { prompt, stream: true, ...sources[ground.value as keyof typeof sources] };
      question.value = "";
      await ask(answers, request, AbortSignal.any([signal, stopping.signal]));
      stop.hidden = true;
    };
    question.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) onsubmit(event);
    });
    const form = h(
      "form",
      { class: "ask", onsubmit },
      h("label", { class: "grow" }, "Question", question),
      h("div", { class: "row" }, h("label", {}, "Answer from", ground), submit, stop),
    );
    main.append(h("div", { class: "view" }, h("h1", {}, "Assistant"), form, answers));
    question.focus();
  },
};

async function ask(answers: HTMLElement, request: { readonly prompt: string }, signal: AbortSignal): Promise<void> {
  const answer = new Answer();
  const box = h("article", { class: "card", "aria-label": "Answer", "aria-busy": "true" }, h("h2", {}, request.prompt), answer.element);
  answers.prepend(box);
  try {
    const headers = { accept: "text/event-stream" };
    const response = await send("/v1/ai/responses", { method: "POST", body: request, headers, signal });
    if (response.body === null) throw new Error("The answer is empty");
    for await (const { event, data } of serverEvents(response.body, IDLE_MS)) {
      if (event === "error") throw new ApiError(response.status, JSON.parse(data));
      if (data !== "") answer.take(JSON.parse(data));
    }
    answer.end();
  } catch (error) {
    const isMissing = error instanceof ApiError && error.isMissing;
    if (isMissing) fill(answer.element, notice("This server has no assistant yet."));
    else if (signal.aborted) answer.element.append(notice("Stopped."));
    else answer.element.append(notice(sentenceOf(error), "error"));
  }
  box.removeAttribute("aria-busy");
}
