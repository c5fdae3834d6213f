import { callHost } from "../wire/host.ts";
import type { HistogramMessage } from "../wire/histogram-message.ts";
import { addRecord, areRecordsWanted } from "./output-records.ts";
import { is_json_output } from "./row-printer.ts";

let isWanted = false;

/** Takes whether the user asked for a heat map of histograms, for a run that begins. */
export function wantHistograms(on: boolean): void {
  isWanted = on;
}

/** Whether the user asked for a heat map of histograms. */
export function areHistogramsWanted(): boolean {
  return isWanted;
}

/** Adds histograms to the heat map that the user asked for on the command line. Answers whether it takes the place of the printed list; JSON is printed all the same. */
export function recordHistogram(read: () => HistogramMessage | undefined): boolean {
  if (!isWanted) return false;
  const message = read();
  if (message !== undefined) callHost("record_histogram", message);
  return isHistogramDrawn();
}

/** Whether a heat map takes the place of printed histograms. */
export function isHistogramDrawn(): boolean {
  return isWanted && !is_json_output();
}

/** Hands histograms over as records, if somebody reads those. */
export function addHistogramRecords(read: () => HistogramMessage): void {
  if (!areRecordsWanted()) return;
  const { series, unit, sections } = read();
  for (const { name, rows } of sections)
    addRecord(() => ({
      type: "hist",
      name: series,
      key: { unit, ...(name !== "" && { section: name }) },
      buckets: rows
        .filter(([, , count]) => count !== "0")
        .map(([from, to, count]) => ({
          ...(from !== null && { from: BigInt(from) }),
          ...(to !== null && { to: BigInt(to) }),
          count: BigInt(count),
        })),
    }));
}
