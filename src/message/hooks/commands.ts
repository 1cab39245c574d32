/**
 * Slash commands: each runs once for a key, here or on any other server, and a repeat is told what the first call was.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Message, PluginService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import type { Schema } from "../../database/schema.ts";
import type { Log } from "../../observability/log.ts";
import type { ValidCreate } from "../validate.ts";
import { draftOf } from "./draft.ts";
import { responseTo } from "./outcome.ts";
import {
  beginCommand,
  type BegunCommand,
  type CommandAnswer,
  type CommandKey,
  dropCommand,
  endCommand,
  forgetCommands,
  readCommand,
} from "./store.ts";

/** No command takes longer; one whose server is gone is not waited for beyond it. */
const HOLD_MS = 30_000;
/** Between two looks at a command that another call runs. */
const LOOK_MS = 100;

/** What running commands takes. */
export interface CommandOptions {
  readonly db: Kysely<Schema>;
  readonly plugins: PluginService;
  readonly log: Log;
}

/** Gives a command's response; undefined where the plugin service knows no such command any more. Throws what the command's author is told. */
export async function runCommand(
  message: ValidCreate,
  plugin: string,
  options: CommandOptions,
  context: CallContext,
): Promise<Message | undefined> {
  const { room, clientMessageId, username } = message;
  // Without a key there is no promise about repeats.
  if (clientMessageId === undefined) return answered(message, await execute(message, options, context));
  const key = { room, clientMessageId };
  const begun = await beginCommand(options.db, key, { username, holdMs: HOLD_MS });
  if (begun !== undefined) return await repeated(message, begun, options.db, context);
  return await first(message, key, plugin, options, context);
}

async function first(
  message: ValidCreate,
  key: CommandKey,
  plugin: string,
  options: CommandOptions,
  context: CallContext,
): Promise<Message | undefined> {
  const { db, log } = options;
  try {
    const answer = await execute(message, options, context);
    await (answer === undefined ? dropCommand(db, key) : endCommand(db, key, answer));
    return answered(message, answer);
  } catch (error) {
    const text = error instanceof ChatError ? error.message : "It failed for a reason that only the log knows";
    await endCommand(db, key, { kind: "failure", plugin, message: text })
      .catch((cause) => log.warn("What became of a command could not be kept", { error: cause, room: key.room }));
    throw error;
  } finally {
    await forgetCommands(db, key.room).catch((error) => log.warn("Old commands could not be forgotten", { error, room: key.room }));
  }
}

async function execute(message: ValidCreate, { plugins }: CommandOptions, context: CallContext): Promise<CommandAnswer | undefined> {
  const { outcome, decisions } = await plugins.runHooks({ event: "command", draft: draftOf(message) }, context);
  const [decision] = decisions;
  if (outcome !== "respond" || decision === undefined) return undefined;
  const { plugin, version, response } = decision;
  return { kind: "response", plugin, version, content: response, atMs: Date.now() };
}

/** What the first call with this key came to. It may still run: then it is waited for. */
async function repeated(message: ValidCreate, begun: BegunCommand, db: Kysely<Schema>, context: CallContext): Promise<Message | undefined> {
  const { room, clientMessageId = "" } = message;
  let now = begun;
  while (now.answer === undefined && now.held && now.username === message.username) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (context.signal.aborted) throw abortError(context.signal);
    now = await readCommand(db, { room, clientMessageId });
  }
  if (now.username !== message.username) {
    throw new ChatError("already_exists", "Another's command has this `client_message_id` in this room", { field: "client_message_id" });
  }
  if (now.answer?.kind === "response") return answered(message, now.answer);
  const why = now.answer === undefined ? "what became of it is not known" : `it failed: ${now.answer.message}`;
  const text = `The command was run before with this \`client_message_id\`, and ${why}; to run it once more, send it with another`;
  throw new ChatError("failed_precondition", text, { field: "client_message_id" });
}

function answered(message: ValidCreate, answer: CommandAnswer | undefined): Message | undefined {
  return answer?.kind === "response" ? responseTo(message, answer) : undefined;
}
