import { strftime } from "./time-format.ts";
import type { Column } from "../print/row-printer.ts";

/**
 * A column of the time of day at which its row is printed: TIME, as BCC's tools have it.
 *
 * @example
 * import { RowPrinter, time_column } from "bpfts";
 * const rows = new RowPrinter<{ readonly pid: number }>([time_column(), { head: "PID", format: "%-6d", value: "pid" }]);
 * rows.print({ pid: 1 });
 */
export function time_column(format = "%-8s"): Column<unknown> {
  return { head: "TIME", format, value: () => strftime("%H:%M:%S") };
}

/**
 * A column of the seconds from the first row to its own, by the field `ts` in nanoseconds: TIME(s), as BCC's tools have it.
 *
 * @example
 * import { RowPrinter, elapsed_column } from "bpfts";
 * const rows = new RowPrinter<{ readonly ts: bigint; readonly pid: number }>([
 *   elapsed_column(),
 *   { head: "PID", format: "%-6d", value: "pid" },
 * ]);
 * rows.print({ ts: 5_000_000_000n, pid: 1 });
 * rows.print({ ts: 5_250_000_000n, pid: 2 });
 */
export function elapsed_column<Row extends { readonly ts: bigint }>(format = "%-9.6f"): Column<Row> {
  let first: bigint | undefined;
  return { head: "TIME(s)", format, name: "seconds", value: ({ ts }) => Number(ts - (first ??= ts)) / 1e9 };
}
