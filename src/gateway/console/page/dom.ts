/**
 * Elements made in code. All text goes in as text: nothing here reads HTML.
 *
 * @module
 */

/** What an element is given: attributes, listeners under `on…`; `false` and undefined leave an attribute out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;
/** What goes into an element; undefined is nothing. */
export type Child = Node | string | undefined;

/** Makes an element. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: readonly Child[]) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  fill(element, ...children);
  return element;
}

/** Puts `children` in place of what the element holds. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== undefined));
}

/** The page's own element of this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element ${id}`);
  return element;
}

/** Tells screen readers, once they have nothing else to say. What comes in one burst is told as its last sentence. */
export function announce(sentence: string): void {
  clearTimeout(announcing);
  announcing = setTimeout(() => byId("announcer").textContent = sentence, 500);
}

let announcing: ReturnType<typeof setTimeout> | undefined;

/** A message to people about what went wrong or what is missing. */
export function notice(sentence: string, kind: "error" | "info" = "info"): HTMLElement {
  return h("p", { class: `notice ${kind}`, role: kind === "error" ? "alert" : undefined }, sentence);
}

/** Bounds of something to be marked, in UTF-16 code units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** `text` with the ranges marked; those that overlap count once. */
export function marked(text: string, ranges: readonly Range[]): DocumentFragment {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    if (start < at || end <= start) continue;
    fragment.append(text.slice(at, start), h("mark", {}, text.slice(start, end)));
    at = end;
  }
  fragment.append(text.slice(at));
  return fragment;
}

/** `text` with its web addresses as links. Only http and https: an address of another kind stays text. */
export function linked(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/gi)) {
    if (!URL.canParse(match[0])) continue;
    fragment.append(text.slice(at, match.index), h("a", { href: match[0], rel: "noopener noreferrer", target: "_blank" }, match[0]));
    at = match.index + match[0].length;
  }
  fragment.append(text.slice(at));
  return fragment;
}

/** A moment for people, in their own language and zone; `datetime` has it exactly. */
export function time(ms: number): HTMLElement {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  const shown = isToday
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, shown);
}
