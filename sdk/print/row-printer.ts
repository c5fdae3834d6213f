import { escapeJson } from "../wire/escape-text.ts";
import { formatC } from "./format.ts";
import { print } from "./output.ts";

let json = false;

/** From now on rows are printed as JSON, one object a line: for a tool's `--json`. */
export function json_output(on = true): void {
  json = on;
}

/** Whether rows are printed as JSON. */
export function is_json_output(): boolean {
  return json;
}

/** One column of a table. */
export interface Column<Row> {
  /** What stands above it. */
  readonly head: string;
  /** One conversion of printf's, `"%-6d"`. */
  readonly format: string;
  /** The row's field, or what makes the value out of the row. */
  readonly value: (keyof Row & string) | ((row: Row) => unknown);
  /** The name in JSON; the field's name, or the head in lower case, unless given. */
  readonly name?: string;
}

/**
 * Prints rows under a header, or as JSON after `json_output()`:
 * `const rows = new RowPrinter<Row>([{ head: "PID", format: "%-6d", value: "pid" }]); rows.print_header(); rows.print(event)`.
 */
export class RowPrinter<Row> {
  private readonly columns: readonly Column<Row>[];
  private readonly format: string;

  constructor(columns: readonly Column<Row>[]) {
    this.columns = columns;
    this.format = columns.map((column) => column.format).join(" ");
  }

  /** Prints the heads, as wide as their columns; nothing in JSON. */
  print_header(): void {
    if (json) return;
    const heads = this.columns.map(({ head, format }) => {
      const [, flags = "", width = ""] = /^%([-+ #0]*)(\d*)/.exec(format) ?? [];
      return formatC(`%${flags.includes("-") ? "-" : ""}${width}s`, [head]);
    });
    print(heads.join(" ").trimEnd());
  }

  print(row: Row): void {
    const values = this.columns.map(({ value }) => (typeof value === "function" ? value(row) : row[value]));
    if (!json) return print(formatC(this.format, values));
    print(
      escapeJson(
        JSON.stringify(
          Object.fromEntries(this.columns.map((column, index) => [nameColumn(column), values[index]])),
          renderBig,
        ),
      ),
    );
  }
}

function nameColumn<Row>(column: Column<Row>): string {
  return column.name ?? (typeof column.value === "string" ? column.value : column.head.toLowerCase());
}

/** 64-bit numbers are numbers where they are exact, else text. */
function renderBig(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}
