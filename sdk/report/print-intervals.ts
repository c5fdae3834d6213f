import { intervals } from "../events/intervals.ts";
import { print } from "../print/output.ts";
import { is_json_output } from "../print/row-printer.ts";
import { strftime } from "../time/time-format.ts";
import { areHistogramsWanted, isHistogramDrawn } from "../print/record-histogram.ts";

/**
 * When a tool prints its summaries. Units: seconds.
 *
 * @example
 * import { print, type IntervalOptions } from "bpfts";
 * const options: IntervalOptions = { interval: 1, count: 5, timestamp: true };
 * print(options.count); // 5
 */
export interface IntervalOptions {
  /** @default until Ctrl-C or the end of the command of `-c`; a second where histograms go to a heat map */
  readonly interval?: number | undefined;
  /** How many summaries. @default until Ctrl-C */
  readonly count?: number | undefined;
  /** Ends after this time, with a summary. */
  readonly duration?: number | undefined;
  /** Prints the time of day above each summary. */
  readonly timestamp?: boolean | undefined;
}

/** Longer than anybody waits, as BCC's tools have it. */
const FOR_EVER = 99999999;

/**
 * Calls `show` after each interval, at Ctrl-C and at the end of the command of `-c`. An empty line comes first, and with `timestamp` the time of day; not in
 * JSON, where each object has its own time, nor where a heat map takes the place of the list. `show` hears whether it is the last time.
 *
 * @example
 * import { BPF, print_intervals } from "bpfts";
 * const b = new BPF({ text: `BPF_HISTOGRAM(dist);` });
 * print_intervals({ interval: 1, count: 5 }, () => b.tables.dist.print_log2_hist("usecs", "", { take: true }));
 */
export function print_intervals(options: IntervalOptions, show: (is_last: boolean) => void): void {
  const { interval = areHistogramsWanted() ? 1 : FOR_EVER, count, duration, timestamp = false } = options;
  for (const isLast of intervals(interval, count, duration)) {
    if (!is_json_output() && !isHistogramDrawn()) {
      print();
      if (timestamp) print(strftime("%H:%M:%S").padEnd(8));
    }
    show(isLast);
  }
}
