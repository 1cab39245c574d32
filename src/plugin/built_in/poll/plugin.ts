/**
 * Polls in rooms. A poll is named after the message that asks it; everybody has one vote, which can be changed until the poll is closed.
 *
 * @module
 */
import type { Plugin, PluginContext, PluginStorage } from "../../author.ts";

interface Poll {
  readonly id: number;
  readonly question: string;
  readonly options: readonly string[];
  readonly by: string;
  readonly closed: boolean;
  /** Indices into the options, by user name. */
  readonly votes: Readonly<Record<string, number>>;
}

const MAX_OPTIONS = 20;
const MAX_QUESTION = 500;
const MAX_OPTION = 200;
/** A value's limit, with room for what a vote adds. */
const MAX_BYTES = 64_000;
/** Of a room; older ones are forgotten. */
const KEPT = 50;
const ATTEMPTS = 20;

/** Longer texts in quotes are looked at as words: an open quote must not cost a look at all that follows. */
const QUOTED = /"([^"]{0,600})"|“([^”]{0,600})”|„([^“”]{0,600})[“”]|«([^»]{0,600})»|'([^']{0,600})'|(\S+)/gu;

/** Words, and texts in quotes of any kind. */
function wordsOf(args: string): readonly string[] {
  const words = [...args.matchAll(QUOTED)].map(([, ...found]) => (found.find((one) => one !== undefined) ?? "").trim());
  return words.filter((word) => word !== "");
}

const keyOf = (room: string, id: number) => `poll/${room}/${id}`;
const listOf = (room: string) => `polls/${room}`;

/** The ids of a room's polls, the newest last. */
async function idsOf(storage: PluginStorage, room: string): Promise<{ readonly ids: readonly number[]; readonly version: number }> {
  const found = await storage.get(listOf(room));
  return found === undefined ? { ids: [], version: 0 } : { ids: JSON.parse(found.value), version: found.version };
}

async function find(storage: PluginStorage, room: string, id?: number): Promise<{ readonly poll: Poll; readonly version: number }> {
  const wanted = id ?? (await idsOf(storage, room)).ids.at(-1);
  const found = wanted === undefined ? undefined : await storage.get(keyOf(room, wanted));
  if (found === undefined) {
    throw new Error(id === undefined ? 'There is no poll here yet: /poll "Question" first second' : `There is no poll #${id} here`);
  }
  return { poll: JSON.parse(found.value), version: found.version };
}

/** Changes a poll as one step, however many vote at once. */
async function change(storage: PluginStorage, room: string, id: number | undefined, by: (poll: Poll) => Poll): Promise<Poll> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { poll, version } = await find(storage, room, id);
    const changed = by(poll);
    const value = JSON.stringify(changed);
    if (new TextEncoder().encode(value).length > MAX_BYTES) throw new Error("The poll has as many votes as it can hold");
    if (await storage.set(keyOf(room, poll.id), value, { ifVersion: version })) return changed;
    // So that those who vote at once do not meet again at the next attempt.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * (attempt + 1)));
  }
  throw new Error("Many are voting: try again");
}

function shown({ id, question, options, votes, closed }: Poll): string {
  const all = Object.values(votes);
  const lines = options.map((option, index) => `${index + 1}. ${option}: ${all.filter((vote) => vote === index).length}`);
  return [`Poll #${id}: ${question}`, ...lines, `${all.length} ${all.length === 1 ? "vote" : "votes"}${closed ? ", closed" : ""}`].join(
    "\n",
  );
}

async function ask([question = "", ...options]: readonly string[], { room, username, messages, storage }: PluginContext): Promise<string> {
  if (options.length < 2 || options.length > MAX_OPTIONS) {
    throw new Error(`A poll has a question and 2 to ${MAX_OPTIONS} answers: /poll "Question" first second`);
  }
  if (question.length > MAX_QUESTION || options.some((option) => option.length > MAX_OPTION)) {
    throw new Error(`A question has at most ${MAX_QUESTION} characters and an answer ${MAX_OPTION}`);
  }
  const content = [
    `${username || "Somebody"} asks: ${question}`,
    ...options.map((option, index) => `${index + 1}. ${option}`),
    "Vote with /vote and a number.",
  ];
  const { id } = await messages.post({ content: content.join("\n"), messageType: "poll", metadata: { poll_options: `${options.length}` } });
  const poll: Poll = { id, question, options, by: username, closed: false, votes: {} };
  await storage.set(keyOf(room, id), JSON.stringify(poll));
  await enlist(storage, room, id);
  return `Poll #${id} is open.`;
}

async function enlist(storage: PluginStorage, room: string, id: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { ids, version } = await idsOf(storage, room);
    const all = [...ids, id].toSorted((a, b) => a - b);
    if (!await storage.set(listOf(room), JSON.stringify(all.slice(-KEPT)), { ifVersion: version })) continue;
    for (const old of all.slice(0, -KEPT)) await storage.delete(keyOf(room, old));
    return;
  }
  throw new Error("Many are asking: try again");
}

async function close({ room, username, storage }: PluginContext): Promise<string> {
  const closed = await change(storage, room, undefined, (poll) => {
    if (poll.by !== username) throw new Error(`Only ${poll.by || "who asked"} can close poll #${poll.id}`);
    return { ...poll, closed: true };
  });
  return shown(closed);
}

function requireRoom({ room }: PluginContext): void {
  if (room === "") throw new Error("A poll needs a room");
}

export default {
  actions: {
    async poll({ args }: { args: string }, context) {
      requireRoom(context);
      const words = wordsOf(args);
      if (words.length === 0) return { text: shown((await find(context.storage, context.room)).poll) };
      if (words.length === 1 && words[0] === "close") return { text: await close(context) };
      return { text: await ask(words, context) };
    },
    async vote({ args }: { args: string }, context) {
      requireRoom(context);
      const { room, username, storage } = context;
      const [, number, id] = /^(\d{1,2})(?:\s+#?(\d{1,10}))?$/.exec(args.trim()) ?? [];
      if (number === undefined) throw new Error("Vote with a number: /vote 2, or /vote 2 #17 in poll 17");
      if (username === "") throw new Error("Nobody knows whose vote this is");
      const poll = await change(storage, room, id === undefined ? undefined : Number(id), (poll) => {
        if (poll.closed) throw new Error(`Poll #${poll.id} is closed`);
        const vote = Number(number) - 1;
        if (poll.options[vote] === undefined) {
          throw new Error(`Poll #${poll.id} has the answers 1 to ${poll.options.length}, not ${number}`);
        }
        // A name such as "__proto__" is a name.
        return {
          ...poll,
          votes: Object.fromEntries([...Object.entries(poll.votes).filter(([name]) => name !== username), [username, vote]]),
        };
      });
      return { text: shown(poll) };
    },
  },
} satisfies Plugin;
