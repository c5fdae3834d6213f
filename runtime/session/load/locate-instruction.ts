import type { SourceLocation } from "../../base/location.ts";
import { findSourceLine } from "../../object/line-info.ts";
import type { LocateInstruction } from "../../permit/guard.ts";

/** What an object calls a text that stands in no file line by line; clang puts a folder before it. */
const runTimeText = /(?:^|\/)<text>$/;

/** Finds the user's lines of an object's instructions. `locateLine` places a line of a text that was put together at run time. */
export function openInstructionLines(
  object: Uint8Array,
  locateLine: (line: number, column?: number) => SourceLocation | undefined,
): LocateInstruction {
  return (section, instruction) => {
    const found = findSourceLine(object, section, instruction);
    if (found === undefined) return undefined;
    const { file, line, column } = found;
    if (runTimeText.test(file)) return locateLine(line, column);
    return { file, line, ...(column > 0 && { column }) };
  };
}
