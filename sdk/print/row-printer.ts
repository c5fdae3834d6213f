import { findFormatter, formatC } from "./format.ts";
import { print, writeOutput } from "./output.ts";
import { addRecord, areRecordsWanted } from "./output-records.ts";
import { renderJson } from "./render-json.ts";
import { addColumns, bindMember, haveAddedColumns, removeColumns } from "./added-columns.ts";
import { chooseColumns, findColumn, haveRowFilter, isRowWanted, refuseName } from "./row-choice.ts";
import { findSort, holdRow, noteSortUsed, sortRows } from "./sorted-rows.ts";

let json = false;

/**
 * From now on rows are printed as JSON, one object a line: for a tool's `--json`.
 *
 * @example
 * import { RowPrinter, json_output } from "bpfts";
 * json_output();
 * const rows = new RowPrinter<{ readonly pid: number }>([{ head: "PID", format: "%-6d", value: "pid" }]);
 * rows.print({ pid: 1 });
 */
export function json_output(on = true): void {
  json = on;
}

/**
 * Whether rows are printed as JSON.
 *
 * @example
 * import { eprint, is_json_output, json_output, print } from "bpfts";
 * json_output();
 * if (!is_json_output()) eprint("Tracing. Ctrl-C to end.");
 * print(is_json_output()); // true
 */
export function is_json_output(): boolean {
  return json;
}

/**
 * One column of a table.
 *
 * @example
 * import { RowPrinter, type Column } from "bpfts";
 * interface Row {
 *   readonly pid: number;
 *   readonly ns: bigint;
 * }
 * const columns: readonly Column<Row>[] = [
 *   { head: "PID", format: "%-6d", value: "pid" },
 *   { head: "MS", format: "%8.3f", value: ({ ns }) => Number(ns) / 1e6, name: "ms" },
 * ];
 * new RowPrinter(columns).print({ pid: 1, ns: 2_500_000n });
 */
export interface Column<Row> {
  /** What stands above it. */
  readonly head: string;
  /** One conversion of printf's, `"%-6d"`, and what is to stand around it. */
  readonly format: string;
  /** The row's field, or what makes the value out of the row. */
  readonly value: (keyof Row & string) | ((row: Row) => unknown);
  /** The name in JSON; the field's name, or the head in lower case, unless given. */
  readonly name?: string;
  /** The text that the column shows for the number 0, such as `"?"` for a process id that is not known. */
  readonly zero?: string;
}

/**
 * How rows are laid out.
 *
 * @example
 * import { RowPrinter, type RowOptions } from "bpfts";
 * const options: RowOptions = { csv: true };
 * new RowPrinter<{ readonly pid: number }>([{ head: "PID", format: "%-6d", value: "pid" }], options).print({ pid: 1 });
 */
export interface RowOptions {
  /** Commas between values and no padding, for the `--csv` of BCC's tools; a text with a comma or a quote in it is quoted (RFC 4180). */
  readonly csv?: boolean;
}

/**
 * Prints rows under a header, or as JSON after `json_output()`:
 * `const rows = new RowPrinter<Row>([{ head: "PID", format: "%-6d", value: "pid" }]); rows.print_header(); rows.print(event)`.
 *
 * @example
 * import { RowPrinter } from "bpfts";
 * const rows = new RowPrinter<{ readonly pid: number; readonly comm: string }>([
 *   { head: "PID", format: "%-6d", value: "pid" },
 *   { head: "COMM", format: "%s", value: "comm" },
 * ]);
 * rows.print_header();
 * rows.print({ pid: 1, comm: "systemd" });
 */
export class RowPrinter<Row> {
  /** Also those that the user does not want to see: he may choose rows by them. */
  private readonly allColumns: readonly NamedColumn<Row>[];
  private readonly columns: readonly NamedColumn<Row>[];
  private readonly csv: boolean;
  /** Made when the first row is printed as text; with the newline at the end, and without it. */
  private writeLine: ((row: Row) => string) | undefined;
  private renderLine: ((row: Row) => string) | undefined;
  private takesAll: boolean | undefined;

  /** A column that is false is left out: `args.time && time_column()`. */
  constructor(columns: readonly (Column<Row> | false)[], options: RowOptions = {}) {
    const own = columns.filter((column) => column !== false).map(nameColumn);
    this.allColumns = addColumns(own, (names) => {
      const column = own.find(({ name }) => names.includes(name));
      const readMember = bindMember(names);
      return column === undefined ? readMember : (row) => readMember(row) ?? readColumn(column, row as Row);
    });
    this.columns = chooseColumns(removeColumns(this.allColumns));
    this.csv = options.csv ?? false;
  }

  /** Prints the heads, as wide as their columns; nothing in JSON. */
  print_header(): void {
    if (!json) print(this.render_header());
  }

  /** Prints a row: its columns, or one JSON object after `json_output()`. One that the user's `--filter` leaves out is not printed. */
  print(row: Row): void {
    if (!json && this.takesAllRows) {
      this.writeLine ??= this.compile("\n");
      writeOutput(this.writeLine(row));
      return;
    }
    if (!this.wants(row)) return;
    addRecord(() => ({ type: "row", data: this.readFields(row) }));
    const sort = findSort();
    if (sort === undefined) print(this.render(row));
    else holdRow(this, this.readField(row, "--sort", sort.field), this.render(row));
  }

  /**
   * @internal The rows as a format with the fields of events, where every column is one and the user takes all rows as they are: then they are
   * written outside of the script. Undefined where the script has to see each event.
   */
  describeRows():
    | { readonly format: string; readonly fields: readonly string[]; readonly zeros: readonly (string | null)[] }
    | undefined {
    const fields = this.columns.flatMap(({ value }) => (typeof value === "string" ? [value] : []));
    const isPlain =
      fields.length === this.columns.length && this.columns.every(({ format }) => isOneConversion(format));
    if (!isPlain || json || this.csv || !this.takesAllRows || haveAddedColumns()) return undefined;
    return {
      format: joinFormats(this.columns, "\n"),
      fields,
      zeros: this.columns.map(({ zero }) => zero ?? null),
    };
  }

  /** Whether the user takes all rows as they come, and nobody reads them as records: that is known when the script begins. */
  private get takesAllRows(): boolean {
    return (this.takesAll ??= !haveRowFilter() && findSort() === undefined && !areRecordsWanted());
  }

  /** Whether the user's `--filter` takes a row in, for a tool that prints more about it than `print` does. */
  wants(row: Row): boolean {
    if (!haveRowFilter()) return true;
    return isRowWanted(
      (name) => this.findField(row, name),
      () => this.listNames(row),
    );
  }

  private findField(row: Row, name: string): { readonly value: unknown } | undefined {
    const column = findColumn(this.allColumns, name);
    if (column !== undefined) return { value: readColumn(column, row) };
    const own = listMembers(row);
    return Object.hasOwn(own, name) ? { value: own[name] } : undefined;
  }

  private listNames(row: Row): readonly string[] {
    return [...new Set([...this.allColumns.map(({ name }) => name), ...Object.keys(listMembers(row))])];
  }

  /** @throws BpfError when the rows have no field of the name */
  private readField(row: Row, option: string, name: string): unknown {
    const found = this.findField(row, name);
    if (found === undefined) throw refuseName(option, name, this.listNames(row));
    return found.value;
  }

  /** The line of the heads. */
  render_header(): string {
    if (this.csv) return this.columns.map(({ head }) => head).join(",");
    const heads = this.columns.map(({ head, format }) =>
      formatC(
        format.replace(conversion, (_, flags: string, width: string) => `%${flags.includes("-") ? "-" : ""}${width}s`),
        [head],
      ),
    );
    return heads.join(" ").trimEnd();
  }

  /** The line of a row. In JSON the object begins with the fields of `before`. */
  render(row: Row, before: Readonly<Record<string, unknown>> = {}): string {
    if (!json) {
      this.renderLine ??= this.compile("");
      return this.renderLine(row);
    }
    return renderJson({ ...before, ...this.readFields(row) });
  }

  /** @internal The values of the columns, by their names. */
  readFields(row: Row): Record<string, unknown> {
    return Object.fromEntries(this.columns.map((column) => [column.name, readColumn(column, row)]));
  }

  private compile(end: string): (row: Row) => string {
    return this.csv ? compileCsv(this.columns, end) : compileLine(this.columns, end);
  }
}

/** The rows of a printer in the order that the user wants; undefined when he wants none. @throws BpfError when the rows have no such field */
export function orderByChoice<Row>(printer: RowPrinter<Row>, rows: readonly Row[]): readonly Row[] | undefined {
  const sort = findSort();
  if (sort === undefined) return undefined;
  noteSortUsed();
  return sortRows(rows, (row) => printer["readField"](row, "--sort", sort.field));
}

function listMembers(row: unknown): Readonly<Record<string, unknown>> {
  return typeof row === "object" && row !== null && !Array.isArray(row) ? (row as Record<string, unknown>) : {};
}

/** Makes one function out of the columns: their formats are one format, and nothing is called for a column that is a field of the row. */
function compileLine<Row>(columns: readonly Column<Row>[], end: string): (row: Row) => string {
  if (!columns.every(({ format }) => isOneConversion(format))) {
    const cells = columns.map(({ format }) => findFormatter(format));
    return (row) => cells.map((render, at) => render([readColumn(columns[at]!, row)])).join(" ") + end;
  }
  const getters = columns.map((column) =>
    column.zero === undefined ? column.value : (row: Row) => readColumn(column, row),
  );
  const values = getters.map((value, at) =>
    typeof value === "string" ? `row[${JSON.stringify(value)}]` : `getters[${at}](row)`,
  );
  const source = `return function (row) { return format([${values.join(", ")}]); };`;
  const format = findFormatter(joinFormats(columns, end));
  return (new Function("format", "getters", source) as (...inner: unknown[]) => (row: Row) => string)(format, getters);
}

function joinFormats<Row>(columns: readonly Column<Row>[], end: string): string {
  return `${columns.map(({ format }) => format).join(" ")}${end}`;
}

function compileCsv<Row>(columns: readonly Column<Row>[], end: string): (row: Row) => string {
  const cells = columns.map(({ format }) => findFormatter(keepConversion(format)));
  return (row) => cells.map((render, at) => quoteCsv(render([readColumn(columns[at]!, row)]))).join(",") + end;
}

/** Else a value would go to the column behind it. */
function isOneConversion(format: string): boolean {
  return format.replaceAll("%%", "").split("%").length === 2 && !format.includes("*");
}

/** A conversion of printf's: flags, width, precision, letters. */
const conversion = /%([-+ #0]*)(\d*)(\.\d+)?([hljzt]*[a-zA-Z])/;

/** A text that has to fit a column is cut by its precision; a number's precision says how many digits it has. */
function keepConversion(format: string): string {
  const [, , , precision = "", letters = "s"] = conversion.exec(format) ?? [];
  return `%${letters === "s" ? "" : precision}${letters}`;
}

function quoteCsv(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function readColumn<Row>({ value, zero }: Column<Row>, row: Row): unknown {
  const read = typeof value === "function" ? value(row) : row[value];
  return zero !== undefined && read === 0 ? zero : read;
}

type NamedColumn<Row> = Column<Row> & { readonly name: string };

function nameColumn<Row>(column: Column<Row>): NamedColumn<Row> {
  const name = column.name ?? (typeof column.value === "string" ? column.value : column.head.toLowerCase());
  return { ...column, name };
}
