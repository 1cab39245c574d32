import process from "node:process";
import type { Metrics } from "./metrics.ts";

/** How often the event loop is looked at: often enough to see a stall of this length, seldom enough to cost nothing. */
const LOOK_MS = 50;
/** A scrape shows the worst since the last one, but of no more than this, so that two scrapers do not hide it from each other. */
const WINDOW_MS = 15_000;

/** Adds what the process costs and how late its event loop is; returns the end of it. */
export function addProcessMetrics(metrics: Metrics): () => void {
  const startSeconds = Date.now() / 1000;
  const delay = new EventLoopDelay();
  metrics.gauge("process_start_time_seconds", "When the process began, in seconds since 1970", () => startSeconds);
  metrics.gauge("process_resident_memory_bytes", "Memory of the process", () => Deno.memoryUsage().rss);
  metrics.gauge(
    "deno_heap_used_bytes",
    "JavaScript objects, dead ones included until they are collected",
    () => Deno.memoryUsage().heapUsed,
  );
  metrics.gauge("deno_heap_total_bytes", "Memory set aside for JavaScript objects", () => Deno.memoryUsage().heapTotal);
  metrics.gauge("deno_external_memory_bytes", "Memory of buffers outside of the heap", () => Deno.memoryUsage().external);
  metrics.counter("process_cpu_seconds_total", "Processor time of the process", cpuSeconds);
  metrics.gauge("event_loop_delay_seconds", "How late the event loop was on average over the last 15 seconds", () => delay.mean);
  metrics.gauge("event_loop_delay_max_seconds", "How late the event loop was at worst within the last 15 seconds", () => delay.max);
  metrics.gauges("chat_build_info", "Which runtime this is; always 1", ["deno", "v8"], () => [{
    labels: { deno: Deno.version.deno, v8: Deno.version.v8 },
    value: 1,
  }]);
  return () => delay.stop();
}

/** Looks at how much later than asked a timer comes. */
class EventLoopDelay {
  readonly #samples: { readonly atMs: number; readonly lateS: number }[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #dueMs = performance.now() + LOOK_MS;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  get mean(): number {
    return this.#samples.length === 0 ? 0 : this.#samples.reduce((sum, { lateS }) => sum + lateS, 0) / this.#samples.length;
  }

  get max(): number {
    return this.#samples.reduce((worst, { lateS }) => Math.max(worst, lateS), 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    this.#samples.push({ atMs: nowMs, lateS: Math.max(0, nowMs - this.#dueMs) / 1000 });
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.#samples.shift();
    this.#dueMs = nowMs + LOOK_MS;
  }
}

/** User and system time together. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}
