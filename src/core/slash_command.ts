/** A command that somebody gives in a room. */
export interface SlashCommand {
  /** In small letters. */
  readonly name: string;
  /** What follows the name, without the white space around it. */
  readonly args: string;
}

/** The command that a text gives: `/name` at its very beginning, then its end or white space. Undefined for any other text. */
export function slashCommand(content: string): SlashCommand | undefined {
  const name = /^\/([\p{L}\p{N}_-]{1,64})(?=\s|$)/u.exec(content)?.[1];
  return name === undefined ? undefined : { name: name.toLowerCase(), args: content.slice(name.length + 1).trim() };
}
