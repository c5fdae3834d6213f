import { ArgumentError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { escapeJson } from "../../../sdk/wire/escape-text.ts";
import { compileFormat } from "../../../sdk/print/format.ts";
import type { Layout, StructLayout } from "../../../sdk/wire/layout.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";
import type { RowFormat } from "../../../sdk/wire/protocol.ts";
import { compileWalk, narrowLayout } from "../../../sdk/codec/record-walk.ts";

/** Turns a batch of records into the text of their rows. */
export type RowWriter = (records: Uint8Array) => string;

/** What a row may name besides the members of its struct. */
const ownFields = ["cpu"];

/**
 * Makes the writer of rows that the script has only described: they are decoded and written on this side, which saves
 * their way through the sandbox. Only the members that the row names are read.
 *
 * @throws ArgumentError when a field is not there, or the format wants another number of them
 */
export function openRowWriter(name: string, layout: Layout | null, row: RowFormat): RowWriter {
  if (layout === null || layout.kind !== "struct") {
    throw new ArgumentError(`Cannot print rows of "${name}": its events are no struct that the C text tells`, {
      hint: "print them from a callback",
    });
  }
  for (const field of row.fields) requireField(name, layout, field);
  const { fields } = row;
  const format = compileFormat(row.format);
  const bind = compileWalk(narrowLayout(layout, new Set(fields)));
  const write = row.json ? writeJson(fields) : format;
  const writeRows: RowWriter = (records) => {
    const bytes = records.byteOffset % 8 === 0 ? records : records.slice();
    let text = "";
    bind(bytes.buffer as ArrayBuffer)(
      { at: bytes.byteOffset, end: bytes.byteOffset + bytes.byteLength },
      (event, cpu) => {
        const values = event as Record<string, unknown>;
        text += write(fields.map((field) => (field === "cpu" && !(field in values) ? cpu : values[field])));
      },
    );
    return text;
  };
  tryRow(writeRows, layout, row);
  return writeRows;
}

/** A format that does not fit its fields is the script's mistake at the call, not at the first event. */
function tryRow(writeRows: RowWriter, layout: StructLayout, row: RowFormat): void {
  const zeros = new Uint8Array(8 + alignUp(layout.size));
  new DataView(zeros.buffer).setUint32(0, layout.size, true);
  try {
    writeRows(zeros);
  } catch (cause) {
    throw new ArgumentError(
      `Cannot print rows by ${JSON.stringify(row.format)} with the fields ${row.fields.join(", ")}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function requireField(name: string, layout: StructLayout, field: string): void {
  const known = [...listFields(layout), ...ownFields];
  if (known.includes(field)) return;
  const similar = findSimilar(field, known);
  throw new ArgumentError(`Cannot print field "${field}" of "${name}": struct ${layout.name} has none of that name`, {
    hint: similar === undefined ? `its fields are: ${known.join(", ")}` : `did you mean "${similar}"?`,
  });
}

function listFields(layout: StructLayout): string[] {
  return layout.members.flatMap((member) =>
    member.name === "" && "members" in member.layout ? listFields(member.layout) : [member.name],
  );
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
