import type { MetricObjectWithValues, MetricValue, Registry } from "prom-client";

/** Upper bounds in seconds: from a call that touches nothing to one that waits for its deadline. */
const BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** How the metrics of one kind of call are named. */
export interface CallSeriesNames {
  /** A counter with the call's labels and `status`. */
  readonly total: { readonly name: string; readonly help: string };
  /** A histogram, in seconds, with the call's labels. */
  readonly duration: { readonly name: string; readonly help: string };
}

/** The calls of one set of labels, such as one method. */
export interface CallCounter {
  /** Counts one call that has ended. */
  add(status: string, seconds: number): void;
}

/**
 * A counter and a histogram of calls. prom-client's own take 1.4 µs a call, which is 3 % of an empty one; these add to plain numbers and
 * become prom-client's values only when somebody scrapes.
 */
export class CallSeries {
  readonly #counters: Counts[] = [];
  readonly #names: CallSeriesNames;

  constructor(registry: Registry, names: CallSeriesNames) {
    this.#names = names;
    register(registry, "counter", names.total, () => this.#counters.flatMap((counts) => counts.totals(names.total.name)));
    register(registry, "histogram", names.duration, () => this.#counters.flatMap((counts) => counts.durations(names.duration.name)));
  }

  /** A new set of labels; make it once and keep it. Whoever makes them sees to it that there are few. */
  counter(labels: Readonly<Record<string, string>>): CallCounter {
    if ("status" in labels) throw new Error(`Metric ${this.#names.total.name} sets the label status itself`);
    const counts = new Counts(labels);
    this.#counters.push(counts);
    return counts;
  }
}

class Counts implements CallCounter {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #statuses = new Map<string, number>();
  readonly #buckets = new Float64Array(BUCKETS_S.length);
  #sum = 0;
  #count = 0;

  constructor(labels: Readonly<Record<string, string>>) {
    this.#labels = labels;
  }

  add(status: string, seconds: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#sum += seconds;
    this.#count++;
    for (let index = 0; index < BUCKETS_S.length; index++) {
      if (seconds > BUCKETS_S[index]!) continue;
      this.#buckets[index]!++;
      return;
    }
  }

  totals(metricName: string): MetricValue<string>[] {
    return Array.from(this.#statuses, ([status, value]) => ({ metricName, value, labels: { ...this.#labels, status } }));
  }

  durations(name: string): MetricValue<string>[] {
    if (this.#count === 0) return [];
    let below = 0;
    const buckets = BUCKETS_S.map((bound, index) => {
      below += this.#buckets[index]!;
      return { metricName: `${name}_bucket`, value: below, labels: { ...this.#labels, le: bound } };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, value: this.#count, labels: { ...this.#labels, le: "+Inf" } },
      { metricName: `${name}_sum`, value: this.#sum, labels: { ...this.#labels } },
      { metricName: `${name}_count`, value: this.#count, labels: { ...this.#labels } },
    ] as MetricValue<string>[];
  }
}

/** A metric of our own among prom-client's: it asks each for `get()` and knows no more of it. */
function register(
  registry: Registry,
  type: "counter" | "histogram",
  { name, help }: { readonly name: string; readonly help: string },
  values: () => MetricValue<string>[],
): void {
  const get = (): Promise<MetricObjectWithValues<MetricValue<string>>> =>
    Promise.resolve({ name, help, type, values: values(), aggregator: "sum" } as unknown as MetricObjectWithValues<MetricValue<string>>);
  registry.registerMetric({ name, help, type, aggregator: "sum", get, reset() {} } as unknown as Parameters<Registry["registerMetric"]>[0]);
}
