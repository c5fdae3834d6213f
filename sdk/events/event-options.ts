import type { CancelOptions } from "./cancel.ts";

/**
 * What any way to read events may be given. With `timeout_ms` a loop over events ends quietly after that time, counted from its begin; events that came
 * before are delivered.
 *
 * @example
 * import { print, type EventOptions } from "bpfts";
 * const options: EventOptions = { timeout_ms: 500, by_time: true };
 * print(options.timeout_ms); // 500
 */
export interface EventOptions extends CancelOptions {
  /**
   * Hands events of all CPUs over in the order of their times, as the kernel took them when the program submitted each (on the clock of
   * `bpf_ktime_get_ns`), at the cost of some milliseconds. Without it only events of one CPU keep their order. A ring buffer has one order anyway.
   */
  readonly by_time?: boolean | undefined;
}
