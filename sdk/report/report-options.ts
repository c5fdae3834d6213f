/**
 * How one table is reported.
 *
 * @example
 * import { print, type ReportedTable } from "bpfts";
 * const sizes: ReportedTable = { kind: "linear", keys: ["comm"], steps: [0, 100, 10] };
 * print(sizes.kind); // linear
 */
export interface ReportedTable {
  /**
   * What its values are: a number a key (`sum`, `map`), a count for each slot of a histogram (`log2` with negative numbers in slot
   * 0, `slots` of a `BPF_HISTOGRAM`, `linear`), `{ total, count }` (`average`), or
   * each CPU's `{ value, is_set }` (`min`, `max`).
   */
  readonly kind: "sum" | "map" | "log2" | "slots" | "linear" | "average" | "min" | "max";
  /** The names of what its keys are made of; none for a table of one value. */
  readonly keys: readonly string[];
  /** The least, the largest and the width of a linear histogram's slots: slot 0 counts what is below, the last one what is above. */
  readonly steps?: readonly [min: number, max: number, step: number];
}

/**
 * How one kind of event is printed.
 *
 * @example
 * import { print, type ReportedPrint } from "bpfts";
 * const line: ReportedPrint = { format: "%s %d", values: ["comm", "pid"] };
 * print(line.values.length); // 2
 */
export interface ReportedPrint {
  /** printf's. */
  readonly format: string;
  /** The event's fields, one for each conversion. */
  readonly values: readonly string[];
}

/**
 * What `report` shows, and how long.
 *
 * @example
 * import { print, type ReportOptions } from "bpfts";
 * const options: ReportOptions = { tables: { counts: { kind: "sum", keys: ["comm"] } }, top: 10, duration: 5 };
 * print(options.top); // 10
 */
export interface ReportOptions {
  /** How many probes are attached, for the first line on standard error. */
  readonly probes?: number | undefined;
  /** The tables to show; all that have keys when absent. */
  readonly tables?: Readonly<Record<string, ReportedTable>> | undefined;
  /** Tables whose `NAME_lost` counts the values that they had no room for. */
  readonly kept?: readonly string[] | undefined;
  /** Tables to show by their own types beside those of `tables`. */
  readonly declared?: readonly string[] | undefined;
  /** Which tables are histograms (`BPF_HISTOGRAM`), where `tables` does not tell. */
  readonly histograms?: readonly string[] | undefined;
  /** What the ring buffer `prints` carries: its events as they come; with several, by the event's `statement`, from 1. */
  readonly prints?: readonly ReportedPrint[] | undefined;
  /** Ends by itself. Units: seconds. */
  readonly duration?: number | undefined;
  /** Shows and empties the tables again and again. Units: seconds. */
  readonly interval?: number | undefined;
  /** Leaves the tables as they are at each interval. */
  readonly keep?: boolean | undefined;
  /** Shows only the rows with the largest values. */
  readonly top?: number | undefined;
  /** What rows are ordered by, the smallest first; their values unless given. */
  readonly sort?: "key" | "value" | undefined;
  /** Writes JSON, one object a line. */
  readonly json?: boolean | undefined;
  /** Runs in place of showing the tables. */
  readonly show?: (() => unknown) | undefined;
}
