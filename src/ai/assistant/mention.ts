import type { Message } from "../../contracts/mod.ts";

/** The name that the assistant writes under. */
export const ASSISTANT = "assistant";
/** The type of its messages. */
export const ASSISTANT_TYPE = "assistant";

const MENTION = /^\s*@assistant(?![\p{L}\p{N}_-])[\s:,]*/iu;

/** What a text asks the assistant; undefined when it does not begin with `@assistant`. */
export function askedOf(content: string): string | undefined {
  const mention = MENTION.exec(content);
  return mention === null ? undefined : content.slice(mention[0].length).trim();
}

/** Whether the assistant wrote a message, this one or another one that says so. */
export function isAssistants({ username, messageType, metadata }: Message): boolean {
  return username === ASSISTANT || messageType === ASSISTANT_TYPE || metadata["assistant_status"] !== undefined;
}

/** Whether a message is to be answered: people's only, or two assistants, or one and a plugin, would talk for ever. */
export function isQuestion(message: Message): boolean {
  const isPeoples = message.messageType === "text" && !isAssistants(message) && (message.via ?? []).length === 0;
  return isPeoples && !message.deleted && askedOf(message.content) !== undefined;
}
