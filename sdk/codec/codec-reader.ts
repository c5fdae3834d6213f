import { keepBytes } from "./kept-bytes.ts";
import type { Layout } from "../wire/layout.ts";
import { ReaderProgram, findCommonAlignment } from "./reader-program.ts";

/** Reads the value at a byte offset of the buffer that it was bound to. */
export type BoundReader = (offset: number) => unknown;

/** Binds a reader to a buffer; one binding serves every record in it. */
export type Reader = (buffer: ArrayBuffer) => BoundReader;

/**
 * Makes a reader for a layout as generated JavaScript: no interpretation is left for
 * each record. Offsets must be multiples of what divides both 8 and the layout's size, as those of values
 * one after another are; fields that are packed closer are read by their bytes.
 *
 * Shape: 64-bit and wider integers and pointers are bigint, the rest number; `bool` is
 * boolean; `char` is a one-character string and `char[]` text up to the first NUL;
 * `u8[]` a `Uint8Array`; structs plain objects with anonymous members flattened; unions
 * objects with every member. All copied, nothing shared with the buffer.
 *
 * With `keeps`, a value says all of its bytes: an object whose members do not has them by its side, and a text that has no object around it goes on behind its NUL.
 */
export function compileReader(layout: Layout, keeps = false): Reader {
  const program = new ReaderProgram(findCommonAlignment(layout.size), { seesHidden: keeps });
  const value = keeps ? program.readWhole(layout, "o") : program.read(layout, "o", 0);
  const body = program.canHide
    ? `hides = 0; var value = ${value}; if (hides !== 0) keep(buffer, o, value); return value;`
    : `return ${value};`;
  return program.wrap(`${program.declareVariables()} return function (o) { ${body} };`, {
    keep: openKeeper(layout),
  }) as Reader;
}

/** What generated code calls for a value whose members do not say all of its bytes. */
export function openKeeper(layout: Layout): (buffer: ArrayBuffer, offset: number, value: unknown) => void {
  return (buffer, offset, value) =>
    keepBytes(layout, value, new Uint8Array(buffer.slice(offset, offset + layout.size)));
}
