import type { RowFormat } from "../wire/row-format.ts";
import { compileFormat } from "./format.ts";
import { renderJson } from "./render-json.ts";

/** Makes the function that writes a row of an event and its CPU. */
export function compileRow({ format, fields, json, zeros }: RowFormat): (event: unknown, cpu: number) => string {
  const write = json ? writeJson(fields) : compileFormat(format);
  return (event, cpu) => {
    const values = event as Readonly<Record<string, unknown>>;
    return write(
      fields.map((field, index) => {
        const value = field === "cpu" && !(field in values) ? cpu : values[field];
        return value === 0 ? (zeros?.[index] ?? value) : value;
      }),
    );
  };
}

/** One object a line. */
function writeJson(fields: readonly string[]): (values: readonly unknown[]) => string {
  return (values) => `${renderJson(Object.fromEntries(fields.map((field, index) => [field, values[index]])))}\n`;
}
