import { ArgumentError } from "../../base/errors.ts";
import type { ColumnPart } from "../../../sdk/wire/column-part.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";
import type { Handlers } from "./bridge-state.ts";

/** More than the guest's memory can be made to hold. Units: bytes. */
const MAX_BYTES = 1 << 30;

/** The call that puts the members of rows side by side. It knows nothing but the bytes that it is given. */
export function openColumnCalls(): Handlers<"split_columns"> {
  return {
    split_columns({ parts }, bytes) {
      let size = 0;
      for (const part of parts) {
        requirePart(part, bytes.length);
        for (const [, width] of part.spans) size += alignUp(part.rows * width);
      }
      if (size > MAX_BYTES) throw new ArgumentError(`Cannot make columns of ${size} bytes: the limit is ${MAX_BYTES}`);
      const columns = new Uint8Array(size);
      let place = 0;
      for (const { at, rows, size: stride, spans } of parts) {
        for (const [offset, width] of spans) {
          copyColumn(bytes, at + offset, stride, width, rows, columns, place);
          place += alignUp(rows * width);
        }
      }
      return columns;
    },
  };
}

/** Copies `rows` pieces of `width` bytes, `stride` bytes apart, into one behind the other. */
function copyColumn(
  from: Uint8Array,
  at: number,
  stride: number,
  width: number,
  rows: number,
  to: Uint8Array,
  place: number,
): void {
  const start = from.byteOffset + at;
  const unit = [4, 2].find((one) => [start, stride, width].every((number) => number % one === 0)) ?? 1;
  const source = viewUnits(from.buffer, unit);
  const target = viewUnits(to.buffer, unit);
  const pieces = width / unit;
  const step = stride / unit;
  let read = start / unit;
  let write = (to.byteOffset + place) / unit;
  for (let row = 0; row < rows; row++, read += step) {
    target[write++] = source[read]!;
    for (let piece = 1; piece < pieces; piece++) target[write++] = source[read + piece]!;
  }
}

/** Whole numbers of so many bytes: as floats, a NaN might come out as another one. */
function viewUnits(buffer: ArrayBufferLike, unit: number): Uint8Array | Uint16Array | Uint32Array {
  if (unit === 1) return new Uint8Array(buffer);
  return unit === 2
    ? new Uint16Array(buffer, 0, buffer.byteLength >> 1)
    : new Uint32Array(buffer, 0, buffer.byteLength >> 2);
}

/** @throws ArgumentError for rows that do not lie within the bytes */
function requirePart({ at, rows, size, spans }: ColumnPart, length: number): void {
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const fits = [at, rows, size].every(isCount) && at + rows * size <= length;
  if (!fits || !spans.every(([offset, width]) => isCount(offset) && isCount(width) && offset + width <= size))
    throw new ArgumentError(`Cannot make columns of ${rows} rows of ${size} bytes: ${length} bytes were given`);
}
