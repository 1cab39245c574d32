/**
 * Reminders: kept until their time, then posted in the room where they were asked for, within a minute, and by one server only. They outlive restarts; what
 * came due meanwhile is posted late rather than never.
 *
 * @module
 */
import type { Plugin, PluginContext, PluginStorage } from "../../author.ts";

interface Reminder {
  readonly id: string;
  readonly atMs: number;
  readonly room: string;
  readonly user: string;
  readonly text: string;
}

/** One of a user's own, as `/reminders` tells it. */
type Mine = Omit<Reminder, "user">;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };
const MAX_AHEAD_MS = 366 * DAY_MS;
const MAX_TEXT = 1_000;
/** What one user may have waiting. */
const MAX_MINE = 30;
/** Posted each minute at most, as a call may ask only so often; the rest a minute later. */
const MAX_RINGS = 20;
const ATTEMPTS = 10;
/** What does not say that it will fail the next time, too. */
const PASSING: ReadonlySet<string> = new Set([
  "unavailable",
  "deadline_exceeded",
  "resource_exhausted",
  "cancelled",
  "aborted",
  "internal",
]);

/** A time and what is said then. Texts without a time, or with one that nobody can mean, throw. */
function timed(args: string, nowMs: number): { readonly atMs: number; readonly text: string } {
  const found = afterWhile(args, nowMs) ?? atDate(args) ?? atClock(args, nowMs);
  if (found === undefined) {
    throw new Error(
      "Say when and what: /remind 10m text, /remind at 14:30 text, /remind tomorrow 9:00 text, /remind 2031-05-01 14:30 text",
    );
  }
  const text = found.text.trim();
  if (text === "") throw new Error("Say what to be reminded of");
  if (text.length > MAX_TEXT) throw new Error(`A reminder has at most ${MAX_TEXT} characters`);
  if (!(found.atMs > nowMs)) throw new Error("That time is over");
  if (found.atMs > nowMs + MAX_AHEAD_MS) throw new Error("That is more than a year ahead");
  return { atMs: found.atMs, text };
}

/** `10m`, `1h30m`, `in 2 days`. */
function afterWhile(args: string, nowMs: number) {
  const unit = "(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)";
  const [whole, spans] = new RegExp(String.raw`^(?:in\s+)?((?:\d{1,6}\s*${unit}\s*)+)(?=\s|$)`, "iu").exec(`${args} `) ?? [];
  if (whole === undefined || spans === undefined) return undefined;
  const ms = [...spans.matchAll(/(\d+)\s*([a-z])/giu)].reduce(
    (sum, [, count, letter = ""]) => sum + Number(count) * (UNITS_MS[letter.toLowerCase()] ?? 0),
    0,
  );
  return { atMs: nowMs + ms, text: args.slice(whole.length) };
}

/** `2031-05-01 14:30`, in UTC. */
function atDate(args: string) {
  const [whole, day, hour = "9", minute = "00"] = /^(?:on\s+)?(\d{4}-\d{2}-\d{2})(?:[T\s]+(\d{1,2}):(\d{2})Z?)?(?=\s|$)/iu.exec(args) ?? [];
  if (whole === undefined || day === undefined) return undefined;
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnightMs) || new Date(midnightMs).toISOString().slice(0, 10) !== day) throw new Error(`${day} is no date`);
  return { atMs: midnightMs + clockMs(hour, minute), text: args.slice(whole.length) };
}

/** `at 14:30`, `tomorrow 9:00`, `tomorrow`, in UTC; a time of the day that is over is tomorrow's. */
function atClock(args: string, nowMs: number) {
  const tomorrow = /^tomorrow(?:\s+(?:at\s+)?(\d{1,2}):(\d{2}))?(?=\s|$)/iu.exec(args);
  const [whole, hour = "9", minute = "00"] = tomorrow ?? /^at\s+(\d{1,2}):(\d{2})(?=\s|$)/iu.exec(args) ?? [];
  if (whole === undefined) return undefined;
  const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS + clockMs(hour, minute);
  return { atMs: todayMs + (tomorrow !== null || todayMs <= nowMs ? DAY_MS : 0), text: args.slice(whole.length) };
}

function clockMs(hour: string, minute: string): number {
  if (Number(hour) > 23 || Number(minute) > 59) throw new Error(`${hour}:${minute} is no time of the day`);
  return Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS;
}

const dueKey = ({ atMs, id }: Pick<Reminder, "atMs" | "id">) => `due/${`${atMs}`.padStart(15, "0")}/${id}`;
const mineKey = (user: string) => `mine/${user}`;
const whenOf = (atMs: number) => `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;

async function mineOf(storage: PluginStorage, user: string): Promise<{ readonly mine: readonly Mine[]; readonly version: number }> {
  const found = await storage.get(mineKey(user));
  return found === undefined ? { mine: [], version: 0 } : { mine: JSON.parse(found.value), version: found.version };
}

/** Changes a user's list as one step. */
async function changeMine(storage: PluginStorage, user: string, by: (mine: readonly Mine[]) => readonly Mine[]): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { mine, version } = await mineOf(storage, user);
    const changed = by(mine);
    const done = changed.length === 0 && version === 0 ||
      (changed.length === 0
        ? await storage.delete(mineKey(user), { ifVersion: version })
        : await storage.set(mineKey(user), JSON.stringify(changed), { ifVersion: version }));
    if (done) return;
  }
  throw new Error("The reminders are being changed elsewhere: try again");
}

async function remember(args: string, { room, username, storage }: PluginContext): Promise<string> {
  const { atMs, text } = timed(args, Date.now());
  const id = crypto.randomUUID().slice(0, 8);
  const mine: Mine = { id, atMs, room, text };
  await changeMine(storage, username, (all) => {
    if (all.length >= MAX_MINE) throw new Error(`You have ${all.length} reminders waiting, which is as many as there may be`);
    return [...all, mine];
  });
  await storage.set(dueKey(mine), JSON.stringify({ ...mine, user: username }));
  return `I shall remind you at ${whenOf(atMs)} (${id}).`;
}

async function forget(id: string, { username, storage }: PluginContext): Promise<string> {
  const found = (await mineOf(storage, username)).mine.find((one) => one.id === id);
  if (found === undefined) throw new Error(`You have no reminder ${id}`);
  await storage.delete(dueKey(found));
  await changeMine(storage, username, (all) => all.filter((one) => one.id !== id));
  return `Forgotten: ${found.text}`;
}

/** Posts one reminder; doing it twice posts once. One that can never be posted, such as in a room that is not granted, is given up: others wait behind it. */
async function ring(reminder: Reminder, { messages, storage, log }: PluginContext): Promise<void> {
  const { room, user, text, id } = reminder;
  try {
    await messages.post({
      ...{ room, content: user === "" ? text : `@${user}: ${text}`, messageType: "reminder" },
      clientMessageId: dueKey(reminder),
    });
  } catch (error) {
    if (PASSING.has((error as { code?: string }).code ?? "")) throw error;
    log.warn(`Reminder ${id} is given up`, error);
  }
  await storage.delete(dueKey(reminder));
  await changeMine(storage, user, (all) => all.filter((one) => one.id !== id));
}

export default {
  actions: {
    async remind({ args }: { args: string }, context) {
      if (context.room === "") throw new Error("A reminder needs a room");
      const [, id] = /^cancel\s+(\S+)$/iu.exec(args.trim()) ?? [];
      return { text: id === undefined ? await remember(args.trim(), context) : await forget(id, context) };
    },
    async reminders(_input: unknown, { username, storage }) {
      const { mine } = await mineOf(storage, username);
      const lines = mine.toSorted((a, b) => a.atMs - b.atMs).map(({ id, atMs, room, text }) =>
        `${id}: ${whenOf(atMs)} in ${room}: ${text.slice(0, 200)}`
      );
      return { text: lines.length === 0 ? "You have no reminders waiting." : lines.join("\n") };
    },
    async ring(_input: unknown, context) {
      const { entries } = await context.storage.list("due/", { limit: MAX_RINGS });
      const due = entries.map(({ value }): Reminder => JSON.parse(value)).filter(({ atMs }) => atMs <= Date.now());
      for (const reminder of due) await ring(reminder, context);
      return { posted: due.length };
    },
  },
} satisfies Plugin;
