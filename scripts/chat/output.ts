import type { Message } from "../../src/contracts/mod.ts";

/** Control characters, and the ones that reorder or hide text: a message may not drive the reader's terminal. Joiners stay, emoji need them. */
// deno-lint-ignore no-control-regex
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line of text with each harmful character shown as its code, such as `\u001b`. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, (character) => character === "\t" ? " " : escaped(character));
}

/** A message as a person reads it. Further lines of its text are indented, so that none can pass for a message of its own. */
export function readable(message: Message): string {
  const time = new Date(message.createdAtMs).toLocaleString("sv-SE");
  const change = message.eventType === "edited" ? ` (edited, version ${message.version})` : "";
  // A plugin's answer is no message of the room, so it has no number.
  const number = message.id === 0 ? "answer of" : `#${message.id}`;
  const head = `${time}  ${number} ${harmless(message.username)}${change}`;
  if (message.deleted) return `${head} deleted this message`;
  const lines = message.content.split(/\r\n|\n|\r/).map(harmless);
  return `${head}: ${lines.join("\n    ")}`;
}

/** A value as one line of JSON that is harmless on a terminal. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
