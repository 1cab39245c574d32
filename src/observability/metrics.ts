import { Counter, Gauge, Registry } from "prom-client";
import { CallSeries, type CallSeriesNames } from "./call_series.ts";

/** A value for each set of labels, read when somebody scrapes. */
export type LabelledValues = readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

/** The metrics of one process, in Prometheus' text format. */
export class Metrics {
  readonly #registry = new Registry();

  /** The content type of {@link text}. */
  readonly contentType: string = this.#registry.contentType;

  /** Every metric as it is now. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A value that is read at each scrape; `read` must not throw. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** The same with labels; a set of labels that is no longer read is gone. */
  gauges(name: string, help: string, labelNames: readonly string[], read: () => LabelledValues): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
  }

  /** A number that only grows, kept by somebody else and read at each scrape. */
  counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** Counts and durations of one kind of call. */
  calls(names: CallSeriesNames): CallSeries {
    return new CallSeries(this.#registry, names);
  }
}
