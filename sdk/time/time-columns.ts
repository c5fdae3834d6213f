import { strftime } from "./time-format.ts";
import type { Column } from "../print/row-printer.ts";

/** A column of the time of day at which its row is printed: TIME, as BCC's tools have it. */
export function time_column(format = "%-8s"): Column<unknown> {
  return { head: "TIME", format, value: () => strftime("%H:%M:%S") };
}

/** A column of the seconds from the first row to its own, by the field `ts` in nanoseconds: TIME(s), as BCC's tools have it. */
export function elapsed_column<Row extends { readonly ts: bigint }>(format = "%-9.6f"): Column<Row> {
  let first: bigint | undefined;
  return { head: "TIME(s)", format, name: "seconds", value: ({ ts }) => Number(ts - (first ??= ts)) / 1e9 };
}
