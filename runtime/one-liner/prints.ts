import type { PrintUse } from "./block-words.ts";
import { fillColumn, indent } from "./fill-column.ts";
import type { Line } from "./parse-line.ts";
import { makePiece } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import { declareFields, typeColumn } from "./tables.ts";
import type { Column, Field } from "./tables.ts";
import type { ValueType } from "./value-types.ts";

/** A variable around expressions of the user's, so its name is none that they would write. */
const eventName = "bpfts_event";

/** The fields of each `print`. */
export type Events = readonly (readonly Field[])[];

/** The types of what is printed. @throws DialectError where a value does not go with its conversion */
export function describeEvents(line: Line, prints: readonly PrintUse[], types: ReadonlyMap<number, ValueType>): Events {
  return prints.map(({ columns, format }) => {
    const conversions = listConversions(format);
    return columns.map((column, index) => {
      const type = typeColumn(column, types, line);
      if (type.kind === "pointer" && conversions[index] === "s")
        throw line.fail(
          column.at,
          `"${column.text}" is a pointer, and %s prints a text`,
          type.ofText ? `write str(${column.text})` : "an address is printed with %p",
        );
      if (type.kind === "text" && /[diouxXeEfFgGp]/.test(conversions[index] ?? ""))
        throw line.fail(
          column.at,
          `"${column.text}" is a text, and %${conversions[index]} prints a number`,
          "write %s in the format",
        );
      return { name: column.name, form: column.form, type };
    });
  });
}

/** The letters of a format's conversions. */
export function listConversions(format: string): string[] {
  return [...format.matchAll(/%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?([a-zA-Z]))/g)].flatMap(
    ([, letter]) => (letter === undefined ? [] : [letter]),
  );
}

/** The struct of the events, and the buffer that carries them. */
export function renderEvents(events: Events): string[] {
  if (events.length === 0) return [];
  const members =
    events.length === 1
      ? declareFields(events[0]!)
      : [
          "    u32 statement;",
          "    union {",
          ...events.flatMap((fields, index) => [
            "        struct {",
            ...(fields.length === 0 ? ["    u8 nothing;"] : declareFields(fields)).map((member) => `        ${member}`),
            `        } print_${index + 1};`,
          ]),
          "    };",
        ];
  const filled = members.length === 0 ? ["    u8 nothing;"] : members;
  return ["struct print_event {", ...filled, "};", "BPF_RINGBUF_OUTPUT(prints, 256);"];
}

/** The C that sends the event of one `print`. */
export function sendPrint(
  events: Events,
  index: number,
  columns: readonly Column[],
  values: readonly (readonly Piece[])[],
): Piece[][] {
  const member = events.length === 1 ? `${eventName}->` : `${eventName}->print_${index + 1}.`;
  const fields = columns.flatMap((column, order) => {
    const { name, type } = events[index]![order]!;
    return fillColumn(
      `${member}${name}`,
      { ...column, isText: type.kind === "text", isPointer: type.kind === "pointer" },
      values[order]!,
    );
  });
  return [
    [makePiece("{")],
    ...indent([
      [makePiece(`struct print_event *${eventName} = prints.ringbuf_reserve(sizeof(struct print_event));`)],
      [makePiece(`if (${eventName}) {`)],
      ...indent([
        ...(events.length === 1 ? [] : [[makePiece(`${eventName}->statement = ${index + 1};`)]]),
        ...(columns.length === 0 && events.length === 1 ? [[makePiece(`${eventName}->nothing = 0;`)]] : []),
        ...fields,
        [makePiece(`prints.ringbuf_submit(${eventName}, 0);`)],
      ]),
      [makePiece("}")],
    ]),
    [makePiece("}")],
  ];
}
