/**
 * The command line: `deno task chat send|tail|history`. Results go to the standard output, everything else to the standard error.
 * Exit codes: 0 done, 1 the server or the network refused (one sentence), 2 the command line makes no sense, 130 interrupted.
 *
 * @module
 */
import { ChatError, type Message, MessageServiceClient, type ServiceClientOptions } from "../src/clients/mod.ts";
import { type ChatCommand, type HistoryCommand, parseCommand, type SendCommand, type TailCommand, USAGE } from "./chat/arguments.ts";
import { lines, printLine } from "./chat/lines.ts";
import { harmless, jsonLine, readable } from "./chat/output.ts";
import { readTls } from "./chat/tls.ts";
import { UsageError } from "./chat/usage.ts";

async function main(args: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    const command = parseCommand(args, ownName());
    return await run(command, interrupted.signal);
  } catch (error) {
    // Whoever reads our output has gone, as in `chat tail | head`: nothing is left to do.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    if (interrupted.signal.aborted) return 130;
    if (error instanceof UsageError) {
      console.error(`${harmless(error.message)}\n\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof ChatError)) throw error;
    console.error(harmless(error.message));
    return 1;
  }
}

async function run(command: ChatCommand, signal: AbortSignal): Promise<number> {
  if (command.name === "help") {
    printLine(USAGE);
    return 0;
  }
  await using client = openClient({ address: command.address, ...await readTls(command.tls), ...token() });
  switch (command.name) {
    case "send":
      await send(client, command, signal);
      return 0;
    case "tail":
      return await tail(client, command, signal);
    case "history":
      await history(client, command, signal);
      return 0;
  }
}

/** The key or token that calls are sent with; from the environment, because a command line is for every user of the machine to see. */
function token(): { readonly token?: string } {
  const given = Deno.env.get("CHAT_TOKEN") ?? "";
  return given === "" ? {} : { token: given };
}

/** Whoever has a token writes under its name. */
function ownName(): string {
  return token().token === undefined ? Deno.env.get("USER") || "anonymous" : "";
}

/** A bad `--address` or certificate is the person's mistake, not the server's. */
function openClient(options: ServiceClientOptions): MessageServiceClient {
  try {
    return new MessageServiceClient(options);
  } catch (error) {
    throw error instanceof ChatError ? new UsageError(error.message, { cause: error }) : error;
  }
}

async function send(client: MessageServiceClient, command: SendCommand, signal: AbortSignal): Promise<void> {
  const { username, room } = command;
  const sendOne = async (content: string) => {
    const message = await client.createMessage({ content, username, room }, { signal });
    print(message, command.json);
  };
  if (command.text !== undefined) return await sendOne(command.text);
  for await (const line of lines(Deno.stdin.readable, signal)) {
    if (line !== "") await sendOne(line);
  }
}

/** Ends only by an interruption, which is therefore no failure. */
async function tail(client: MessageServiceClient, command: TailCommand, signal: AbortSignal): Promise<number> {
  const { room, subscribeTo, includeChanges, afterSeq } = command;
  const request = { room, subscribeTo, includeChanges, ...(afterSeq === undefined ? {} : { afterSeq }) };
  let lost = false;
  const stream = client.streamMessages(request, {
    signal,
    onOpen: (position) => {
      console.error(`${lost ? "Connected again" : "Following"} room ${harmless(room)} after position ${position}`);
      lost = false;
    },
    onRetry: (error) => {
      if (!lost) console.error(`${harmless(error.message)}; trying again`);
      lost = true;
    },
  });
  try {
    for await (const message of stream) print(message, command.json);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return 0;
}

async function history(client: MessageServiceClient, command: HistoryCommand, signal: AbortSignal): Promise<void> {
  const { room, limit, newest, search } = command;
  const page = await client.getMessages({ room, limit, order: newest ? "newest" : "oldest", search }, { signal });
  for (const message of page.messages) print(message, command.json);
  if (page.hasMore) console.error(`${page.messages.length} of ${page.totalCount} messages`);
}

function print(message: Message, json: boolean): void {
  printLine(json ? jsonLine(message) : readable(message));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
