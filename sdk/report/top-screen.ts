import { read_file } from "../guest/process.ts";
import { strftime } from "../time/time-format.ts";
import { flush, print } from "../print/output.ts";
import { addRecord } from "../print/output-records.ts";
import { type RowPrinter, is_json_output, orderByChoice } from "../print/row-printer.ts";
import { terminal } from "../print/terminal.ts";

/**
 * How a tool like top shows its rows.
 *
 * @example
 * import { print, type TopOptions } from "bpfts";
 * const options: TopOptions = { clear: false, max_rows: 20 };
 * print(options.max_rows); // 20
 */
export interface TopOptions {
  /** Whether each table takes the place of the one before it. Only a terminal can do so. @default true */
  readonly clear?: boolean;
  /** How many rows a table has at most. A cleared screen shows no more of them than fit. @default 20 */
  readonly max_rows?: number;
}

/**
 * Shows sorted rows again and again, as top does: on a terminal each table takes the place of the one before it and is cut to the terminal's size; anywhere else, and
 * without `clear`, the tables follow each other. After `json_output()` each row is an object that begins with the time.
 *
 * @example
 * import { BPF, intervals, RowPrinter, TopScreen } from "bpfts";
 * const b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * const rows = new RowPrinter<readonly [pid: number, count: bigint]>([{ head: "PID", format: "%-6d", name: "pid", value: ([pid]) => pid }]);
 * const screen = new TopScreen(rows, { max_rows: 10 });
 * for (const _ of intervals(1, 5)) screen.show([...b.tables.counts], ([, count]) => count);
 */
export class TopScreen<Row> {
  private readonly rows: RowPrinter<Row>;
  private readonly clear: boolean;
  private readonly maxRows: number;

  constructor(rows: RowPrinter<Row>, options: TopOptions = {}) {
    this.rows = rows;
    this.clear = options.clear ?? true;
    this.maxRows = options.max_rows ?? 20;
  }

  /** Shows a table: the title, the heads, and the rows with the largest values of `sort_by` first. */
  show(rows: Iterable<Row>, sort_by: (row: Row) => number | bigint, title = ""): void {
    const wanted = [...rows].filter((row) => this.rows.wants(row));
    const shown = (orderByChoice(this.rows, wanted) ?? sortByValue(wanted, sort_by)).slice(0, this.maxRows);
    addRecord(() => ({ type: "top", name: "top", rows: shown.map((row) => this.rows.readFields(row)) }));
    if (is_json_output()) {
      const time = strftime("%H:%M:%S");
      for (const row of shown) print(this.rows.render(row, { time }));
    } else {
      const lines = [...(title === "" ? [] : title.split("\n")), this.rows.render_header()];
      this.showLines([...lines, ...shown.map((row) => this.rows.render(row))]);
    }
    flush();
  }

  private showLines(lines: readonly string[]): void {
    const { is_tty, columns, rows } = terminal();
    if (!is_tty || !this.clear) return print(["", ...lines].join("\n"));
    // The cursor stands on a line of its own below the last one.
    const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => [...line].slice(0, columns).join(""));
    print(`${CLEAR}${fitting.join("\n")}`);
  }
}

/**
 * The title of a table: the time, and the load from /proc/loadavg. Source: BCC's tools like top.
 *
 * @example
 * import { loadavg_title, print } from "bpfts";
 * print(loadavg_title().includes("loadavg:")); // true
 */
export function loadavg_title(): string {
  return `${strftime("%H:%M:%S").padEnd(8)} loadavg: ${read_file("/proc/loadavg")}`;
}

/** Erases the screen, and puts the cursor in its first line. */
const CLEAR = "\x1b[H\x1b[2J";

/** The largest first. */
function sortByValue<Row>(rows: readonly Row[], read: (row: Row) => number | bigint): readonly Row[] {
  return rows
    .map((row) => ({ row, value: read(row) }))
    .sort((x, y) => compare(y.value, x.value))
    .map(({ row }) => row);
}

function compare(x: number | bigint, y: number | bigint): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
