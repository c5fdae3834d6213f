import type { Log } from "../../base/log.ts";
import { ArgumentError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { compileRow } from "../../../sdk/print/row-text.ts";
import type { Layout, StructLayout } from "../../../sdk/wire/layout.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";
import type { RowFormat } from "../../../sdk/wire/row-format.ts";
import { compileWalk, openShortNote } from "../../../sdk/codec/record-walk.ts";

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
export function openRowWriter(name: string, layout: Layout | null, row: RowFormat, log: Log): RowWriter {
  if (layout === null || layout.kind !== "struct") {
    throw new ArgumentError(`Cannot print rows of "${name}": its events are no struct that the C text tells`, {
      hint: "print them from a callback",
    });
  }
  for (const field of row.fields) requireField(name, layout, field);
  const bind = compileWalk(layout, {
    use: { fields: new Set(row.fields), takesCpu: true },
    noteShort: openShortNote(name, layout, (text) => log.warn(text)),
  });
  const write = compileRow(row);
  const writeRows: RowWriter = (records) => {
    const bytes = records.byteOffset % 8 === 0 ? records : records.slice();
    let text = "";
    bind(bytes.buffer as ArrayBuffer)(
      { at: bytes.byteOffset, end: bytes.byteOffset + bytes.byteLength },
      (event, cpu) => {
        text += write(event, cpu);
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
