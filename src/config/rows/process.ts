import { oneOf, wholeNumber } from "../kinds.ts";
import { given } from "../setting.ts";

/** The process itself. */
export const processRows = {
  LOG_LEVEL: given(
    oneOf(["debug", "info", "warn", "error"]),
    "info",
    "The least grave lines that are logged",
    "Starts, stops and trouble, not each call",
  ),
  SHUTDOWN_TIMEOUT_MS: given(
    wholeNumber(0, 600_000),
    "8000",
    "Milliseconds that a stopping process waits for accepted calls",
    "Under the 10 s that orchestrators give before they kill",
  ),
} as const;
