/** Prometheus' text format, as far as tests need it. */

/** One line: a metric with its labels in order of their names, such as `grpc_calls_total{method="a",status="OK"}`. */
export type Samples = ReadonlyMap<string, number>;

/** Every sample of a scrape. Throws at a line that is no sample, and at a sample that stands twice. */
export function parseMetrics(text: string): Samples {
  const samples = new Map<string, number>();
  for (const line of text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))) {
    const [, name, , labels = "", value] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || Number.isNaN(Number(value?.replace("+Inf", "Infinity")))) throw new Error(`No sample: ${line}`);
    const sorted = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([pair]) => pair).sort();
    const key = sorted.length === 0 ? name : `${name}{${sorted.join(",")}}`;
    if (samples.has(key)) throw new Error(`Twice: ${line}`);
    samples.set(key, Number(value));
  }
  return samples;
}

/** The names of the metrics that a scrape declares. */
export function metricNames(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
}
