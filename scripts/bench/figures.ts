/**
 * What the benchmarks report, as numbers for machines and as a table for people.
 *
 * @module
 */

/** Something measured in the same run that a figure is held against. */
export interface Comparison {
  readonly name: string;
  readonly value: number;
  /** The figure divided by `value`, the middle one of the runs. */
  readonly ratio: number;
}

/** What a figure should reach. It applies to the ratio where there is a comparison, else to the value. */
export interface Target {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One measurement: the middle one of its runs. */
export interface Figure {
  readonly row: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Every run, in order. */
  readonly runs?: readonly number[];
  readonly against?: Comparison;
  readonly target?: Target;
  readonly note?: string;
}

/** A row that could not be measured here. */
export interface LeftOut {
  readonly row: string;
  readonly why: string;
}

/** The middle one; of an even number the upper middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** The value below which the share `q` of the values lies; `values` must be sorted. */
export function quantile(values: ArrayLike<number>, q: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN;
}

/** A figure from runs that each measured it and, in the same breath, what it is held against. */
export function ratioFigure(
  about: Omit<Figure, "value" | "runs" | "against">,
  runs: readonly number[],
  other: { readonly name: string; readonly runs: readonly number[] },
): Figure {
  const ratio = median(runs.map((value, index) => value / (other.runs[index] ?? NaN)));
  return { ...about, value: median(runs), runs, against: { name: other.name, value: median(other.runs), ratio } };
}

/** Whether a figure reaches its target; undefined without one. */
export function reaches({ value, against, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  const held = against?.ratio ?? value;
  return held >= (target.atLeast ?? -Infinity) && held <= (target.atMost ?? Infinity);
}

/** The table, in Markdown. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { row, name, value, unit, against, note } = figure;
    const held = against === undefined ? "" : `${against.ratio.toFixed(2)} of ${shown(against.value)} (${against.name})`;
    return [row, note === undefined ? name : `${name}; ${note}`, `${shown(value)} ${unit}`, held, verdict(figure)];
  });
  const all = [["row", "what", "measured", "ratio", "target"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(all[0] ?? []), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function verdict(figure: Figure): string {
  const { target } = figure;
  if (target === undefined) return "";
  const wanted = target.atLeast === undefined ? `≤ ${shown(target.atMost ?? NaN)}` : `≥ ${shown(target.atLeast)}`;
  return `${wanted} ${reaches(figure) ? "yes" : "NO"}`;
}

function shown(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}
