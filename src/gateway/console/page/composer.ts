import { h } from "./dom.ts";
import type { Identity } from "./identity.ts";

const MOST_BYTES = 65_536;

/** The field to write in. Enter sends, Shift and Enter begins a new line; who has no name yet is asked for one. */
export function composer(identity: Identity, send: (content: string) => void): HTMLElement {
  const name = h("input", { name: "name", maxlength: 64, autocomplete: "nickname", required: true, placeholder: "Your name" });
  name.value = identity.name;
  const field = h("textarea", {
    id: "draft",
    name: "message",
    rows: 1,
    required: true,
    placeholder: "Write a message",
    "aria-describedby": "draft-hint",
  });
  const hint = h("p", { id: "draft-hint", class: "quiet hint" }, "Enter sends, Shift and Enter begins a new line");
  name.addEventListener("change", () => identity.rename(name.value));
  const submit = () => {
    const content = field.value.trim();
    if (identity.isChosen) identity.rename(name.value);
    if (identity.name === "") return name.focus();
    if (content === "") return field.focus();
    const bytes = new TextEncoder().encode(content).length;
    if (bytes > MOST_BYTES) return void (hint.textContent = `A message holds at most ${MOST_BYTES} bytes, this has ${bytes}`);
    field.value = "";
    field.focus();
    send(content);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  const onsubmit = (event: Event) => {
    event.preventDefault();
    submit();
  };
  const who = identity.isChosen ? h("label", { class: "who-field" }, "Name", name) : undefined;
  const message = h("label", { class: "message-field" }, "Message", field);
  return h("form", { class: "composer", novalidate: true, onsubmit }, who, message, h("button", {}, "Send"), hint);
}
