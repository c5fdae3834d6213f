import type { SourceLocation } from "../../base/location.ts";

/** What an object calls a text that stands in no file line by line; clang puts a folder before it. */
const runTimeText = /(?:^|\/)<text>$/;

/** Finds the place of a line of a text that was put together at run time. Units: line and column from 1 */
export type LocateLine = (line: number, column?: number) => SourceLocation | undefined;

/** The user's place of a line that an object names. Units: column 0 where the object names none */
export function placeLine({ file, line, column = 0 }: SourceLocation, locateLine?: LocateLine): SourceLocation {
  const own = runTimeText.test(file) ? locateLine?.(line, column) : undefined;
  return own ?? { file, line, ...(column > 0 && { column }) };
}
