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
 */
export function compileReader(layout: Layout): Reader {
  const program = new ReaderProgram(findCommonAlignment(layout.size));
  const value = program.read(layout, "o", 0);
  return program.wrap(`${program.declareVariables()} return function (o) { return ${value}; };`) as Reader;
}
