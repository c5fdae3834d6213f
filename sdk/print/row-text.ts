import { escapeJson } from "../wire/escape-text.ts";
import type { RowFormat } from "../wire/protocol.ts";
import { compileFormat } from "./format.ts";

/** Makes the function that writes a row of an event and its CPU. */
export function compileRow({ format, fields, json }: RowFormat): (event: unknown, cpu: number) => string {
  const write = json ? writeJson(fields) : compileFormat(format);
  return (event, cpu) => {
    const values = event as Readonly<Record<string, unknown>>;
    return write(fields.map((field) => (field === "cpu" && !(field in values) ? cpu : values[field])));
  };
}

/** One object a line. 64-bit numbers are numbers where they are exact, else text. */
function writeJson(fields: readonly string[]): (values: readonly unknown[]) => string {
  return (values) =>
    `${escapeJson(JSON.stringify(Object.fromEntries(fields.map((field, index) => [field, values[index]])), renderBig))}\n`;
}

function renderBig(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
