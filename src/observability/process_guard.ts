import type { Log } from "./log.ts";

/** What the guard has seen and decided. */
export interface ProcessGuard {
  /** Resolves when the process can no longer be trusted and must end. */
  readonly failed: Promise<void>;
  /** Names errors that are known, harmless and of a library's making; they are logged, counted and survived. */
  survive(isKnown: (error: unknown) => boolean): void;
}

/** Stray rejections within {@link WINDOW_MS} that are a bug in one call; more are a process that does not work. */
const MAX_STRAY = 10;
const WINDOW_MS = 60_000;

/**
 * The last net under errors that nobody caught.
 *
 * An *uncaught error* cut synchronous code short in the middle (a timer, a socket's event), so what it was about to keep true may no longer be
 * true: the process ends, quickly and in order, and is started anew; the log is durable and streams resume. An *unhandled rejection* is an async
 * function that ran to its end, `finally` included, and whose outcome nobody looked at: it concerns one call, and must not take
 * 500 streams down. It is logged and survived, unless more than ten come within a minute.
 */
export function guardProcess(log: Log): ProcessGuard {
  const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
  let isKnown: (error: unknown) => boolean = () => false;
  let known = 0;
  let strays: number[] = [];
  const survived = (error: unknown): boolean => {
    if (!isKnown(error)) return false;
    log.warn("Survived a known error of a library", { error, count: ++known });
    return true;
  };
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    if (survived(event.error)) return;
    log.error("Ending after an uncaught error, because the state of the process is unknown", { error: event.error ?? event.message });
    fail();
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    if (survived(event.reason)) return;
    const nowMs = performance.now();
    strays = [...strays.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
    log.error("A promise failed that nobody waited for", { error: event.reason, lastMinute: strays.length });
    if (strays.length <= MAX_STRAY) return;
    log.error(`Ending after ${strays.length} such failures within a minute`);
    fail();
  });
  return { failed, survive: (known) => isKnown = known };
}
