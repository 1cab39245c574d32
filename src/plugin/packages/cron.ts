import { invalidField } from "../../core/errors.ts";
import { shown } from "./json_fields.ts";

/** Which minutes a schedule names, in UTC. As usual, where both days are restricted either of them is enough. */
export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly monthDays: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekDays: ReadonlySet<number>;
  /** Whether that field is other than `*`. */
  readonly limitsMonthDays: boolean;
  readonly limitsWeekDays: boolean;
}

const FIELDS = [["minute", 0, 59], ["hour", 0, 23], ["day of the month", 1, 31], ["month", 1, 12], ["day of the week", 0, 7]] as const;

/** Reads five fields, each `*`, a number, a range, a list of these, or any of them with `/step`. Throws `invalid_argument`. */
export function readCron(field: string, text: string): Cron {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length || text.length > 256) {
    throw invalidField(field, `must be five fields (minute, hour, day of the month, month, day of the week), got ${shown(text)}`);
  }
  const sets = FIELDS.map(([name, min, max], index) => {
    const found = fieldSet(parts[index] ?? "", min, max);
    if (found === undefined) throw invalidField(field, `must have a ${name} from ${min} to ${max}, got ${shown(parts[index])}`);
    return found;
  });
  const [minutes, hours, monthDays, months, weekDays] = sets as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  return {
    ...{ minutes, hours, monthDays, months, weekDays: new Set([...weekDays].map((day) => day % 7)) },
    ...{ limitsMonthDays: !parts[2]?.startsWith("*"), limitsWeekDays: !parts[4]?.startsWith("*") },
  };
}

function fieldSet(text: string, min: number, max: number): Set<number> | undefined {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, from, to, every] = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part) ?? [undefined];
    if (!/^[*\d]/.test(part) || (from === undefined && !part.startsWith("*"))) return undefined;
    const start = from === undefined ? min : Number(from);
    const end = to !== undefined ? Number(to) : from === undefined || every !== undefined ? max : start;
    const step = every === undefined ? 1 : Number(every);
    if (start < min || end > max || start > end || step < 1) return undefined;
    for (let value = start; value <= end; value += step) found.add(value);
  }
  return found;
}

/** Whether the schedule names the minute that this time, in milliseconds since 1970, is in. */
export function isDue(cron: Cron, atMs: number): boolean {
  const at = new Date(atMs);
  return cron.minutes.has(at.getUTCMinutes()) && cron.hours.has(at.getUTCHours()) && isDueDay(cron, at);
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The last minute, as milliseconds since 1970, that the schedule names after one time and not after another; undefined: there is none. */
export function lastDue(cron: Cron, afterMs: number, untilMs: number): number | undefined {
  for (let dayMs = untilMs - untilMs % DAY_MS; dayMs + DAY_MS > afterMs; dayMs -= DAY_MS) {
    if (!isDueDay(cron, new Date(dayMs))) continue;
    for (let atMs = Math.min(dayMs + DAY_MS - MINUTE_MS, untilMs - untilMs % MINUTE_MS); atMs >= dayMs; atMs -= MINUTE_MS) {
      if (atMs <= afterMs) return undefined;
      if (isDue(cron, atMs)) return atMs;
    }
  }
  return undefined;
}

function isDueDay(cron: Cron, at: Date): boolean {
  const monthDay = cron.monthDays.has(at.getUTCDate());
  const weekDay = cron.weekDays.has(at.getUTCDay());
  const day = cron.limitsMonthDays && cron.limitsWeekDays ? monthDay || weekDay : monthDay && weekDay;
  return cron.months.has(at.getUTCMonth() + 1) && day;
}
