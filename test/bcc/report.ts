import type { CheckRow } from "./check.ts";
import { type FailureClass, failureClasses } from "./classify.ts";

/** One line a text, then totals by class and the time that texts took to become objects. */
export function renderReport(rows: readonly CheckRow[]): string {
  const cells = rows.map((row) => [
    row.tool,
    row.args,
    row.modes.length > 1 ? "both" : (row.modes[0] ?? ""),
    row.compiles ? "yes" : "no",
    describeResult(row),
  ]);
  const head = ["tool", "arguments", "mode", "compiles", "loads"];
  const widths = head.map((title, at) =>
    Math.min(36, Math.max(title.length, ...cells.map((cell) => cell[at]?.length ?? 0))),
  );
  const lines = [head, ...cells].map((cell) =>
    cell.map((text, at) => (at === cell.length - 1 ? text : text.padEnd(widths[at] ?? 0))).join("  "),
  );
  return [...lines, "", ...renderTotals(rows), "", ...renderTimes(rows)].join("\n");
}

function describeResult({ loads, failure, assumed }: CheckRow): string {
  if (loads || failure === undefined) return "yes";
  const line = failure.error.location === undefined ? "" : `line ${failure.error.location.line}: `;
  return `${failure.class}: ${line}${failure.error.message}${assumed.length > 0 ? ` (assumed to be there: ${assumed.join(", ")})` : ""}`;
}

function renderTotals(rows: readonly CheckRow[]): string[] {
  const loaded = rows.filter(({ loads }) => loads);
  const countTools = (part: readonly CheckRow[]): number => new Set(part.map(({ tool }) => tool)).size;
  const lines = [
    `${rows.length} texts of ${countTools(rows)} tools: ${rows.filter(({ compiles }) => compiles).length} compile, ${loaded.length} load`,
    ...(Object.keys(failureClasses) as FailureClass[]).map((name) => {
      const part = rows.filter(({ failure }) => failure?.class === name);
      return `${String(part.length).padStart(5)} of ${countTools(part)} tools: ${failureClasses[name]}`;
    }),
  ];
  return lines;
}

/** The median and the worst of each tool's texts, slowest tool first. */
function renderTimes(rows: readonly CheckRow[]): string[] {
  const times = rows.flatMap(({ buildMs }) => (buildMs === undefined ? [] : [buildMs])).sort((a, b) => a - b);
  if (times.length === 0) return [];
  const tools = [...new Set(rows.map(({ tool }) => tool))].flatMap((tool) => {
    const own = rows
      .flatMap((row) => (row.tool === tool && row.buildMs !== undefined ? [row.buildMs] : []))
      .sort((a, b) => a - b);
    return own.length === 0 ? [] : [{ tool, median: findMedian(own), worst: own.at(-1) ?? 0 }];
  });
  const slowest = tools.toSorted((a, b) => b.worst - a.worst);
  return [
    `from the text to the object, ms: median ${findMedian(times)}, worst ${times.at(-1)}`,
    ...slowest.map(
      ({ tool, median, worst }) =>
        `  ${tool.padEnd(20)} median ${String(median).padStart(5)}  worst ${String(worst).padStart(5)}`,
    ),
  ];
}

function findMedian(sorted: readonly number[]): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
