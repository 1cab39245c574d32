/** How grave a line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Structured lines; never message contents, never secrets. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** What a line says besides its message; an `error` field is written with its whole cause chain. */
export type LogFields = Readonly<Record<string, unknown>>;

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes one JSON object a line, at `level` and above, through `write`. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const at = (lineLevel: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (ORDER[lineLevel] < ORDER[level]) return;
    const shown = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, showable(value)]));
    write(JSON.stringify({ time: new Date().toISOString(), level: lineLevel, message, ...shown }));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function showable(value: unknown): unknown {
  if (value instanceof Error) return causeChain(value);
  return typeof value === "bigint" ? String(value) : value;
}

/** An error and its causes, outermost first; bounded, because a cause may point back at its effect. */
function causeChain(error: Error): readonly Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = [];
  for (let next: unknown = error; next instanceof Error && chain.length < 8; next = next.cause) {
    chain.push({ name: next.name, message: next.message, stack: next.stack });
  }
  return chain;
}
