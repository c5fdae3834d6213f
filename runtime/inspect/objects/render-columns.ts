import { escapeText } from "../../../sdk/wire/escape-text.ts";

/** Renders rows below their heads, each column as wide as its longest text; columns of numbers stand to the right. */
export function renderColumns(
  heads: readonly string[],
  rows: readonly (readonly (string | number | bigint)[])[],
): string {
  const texts = rows.map((row) => row.map((cell) => escapeText(String(cell))));
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...texts.map((row) => [...(row[column] ?? "")].length)),
  );
  const isNumber = heads.map(
    (_, column) => texts.length > 0 && texts.every((row) => /^-?\d+(?:\.\d+)?$/.test(row[column] ?? "")),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const gap = " ".repeat(widths[column]! - [...cell].length);
        return isNumber[column] ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd();
  return [line(heads), ...texts.map(line)].map((text) => `${text}\n`).join("");
}

/** Renders what is known of one thing, a line each; what is undefined is left out. */
export function renderFacts(facts: Readonly<Record<string, string | number | bigint | undefined>>): string {
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `  ${name.padEnd(width)}  ${escapeText(String(value), "\n")}\n`).join("");
}
